#include "ingest/magic.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

struct mark {
    size_t at;
    const char *bytes;
    size_t n;
    const char *what;
};
#define MARK(at, bytes, what) {(at), (bytes), sizeof(bytes) - 1, (what)}

static const struct mark marks[] = {
    MARK(0, "\x89PNG\r\n\x1a\n", "a PNG image"),
    MARK(0, "\xff\xd8\xff", "a JPEG image"),
    MARK(0, "GIF87a", "a GIF image"),
    MARK(0, "GIF89a", "a GIF image"),
    MARK(0, "II*\0", "a TIFF image"),
    MARK(0, "MM\0*", "a TIFF image"),
    MARK(8, "WEBP", "a WebP image"),
    MARK(0, "\0\0\1\0", "an icon"),
    MARK(0, "8BPS", "a Photoshop image"),
    MARK(4, "ftypavif", "an AVIF image"),
    MARK(4, "ftypheic", "a HEIC image"),
    MARK(0, "AT&TFORM", "a DjVu document"),
    MARK(4, "ftyp", "an MPEG-4 film or sound"),
    MARK(8, "AVI ", "an AVI film"),
    MARK(8, "WAVE", "a WAV sound"),
    MARK(0, "\x1a\x45\xdf\xa3", "a Matroska film"),
    MARK(0, "OggS", "an Ogg sound or film"),
    MARK(0, "fLaC", "a FLAC sound"),
    MARK(0, "ID3", "an MP3 sound"),
    MARK(0, "\x7f" "ELF", "an ELF program or library"),
    MARK(0, "MZ", "a Windows program or library"),
    MARK(0, "\xcf\xfa\xed\xfe", "a Mach-O program"),
    MARK(0, "\xfe\xed\xfa\xcf", "a Mach-O program"),
    MARK(0, "\xca\xfe\xba\xbe", "a Java class or a Mach-O program"),
    MARK(0, "\0asm", "a WebAssembly module"),
    MARK(0, "!<arch>\n", "a static library or Debian package"),
    MARK(0, "dex\n", "Android bytecode"),
    MARK(0, "\x1f\x8b", "gzip-compressed data"),
    MARK(0, "BZh", "bzip2-compressed data"),
    MARK(0, "\xfd" "7zXZ\0", "xz-compressed data"),
    MARK(0, "\x28\xb5\x2f\xfd", "Zstandard-compressed data"),
    MARK(0, "\x04\x22\x4d\x18", "LZ4-compressed data"),
    MARK(0, "PK\3\4", "a zip archive"),
    MARK(0, "PK\5\6", "a zip archive"),
    MARK(0, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    MARK(0, "Rar!\x1a\x07", "a RAR archive"),
    MARK(257, "ustar", "a tar archive"),
    MARK(0, "\xed\xab\xee\xdb", "an RPM package"),
    MARK(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (doc, xls, ppt)"),
    MARK(0, "SQLite format 3\0", "an SQLite database"),
    MARK(60, "BOOKMOBI", "a Mobipocket book"),
    MARK(0, "\0\1\0\0\0", "a TrueType font"),
    MARK(0, "OTTO", "an OpenType font"),
    MARK(0, "wOFF", "a WOFF font"),
    MARK(0, "wOF2", "a WOFF2 font"),
    MARK(0, "GGUF", "a GGUF model"),
    MARK(0, "\x93NUMPY", "a NumPy array"),
    MARK(0, "\x89HDF\r\n\x1a\n", "HDF5 data"),
    MARK(0, "PAR1", "a Parquet table"),
    MARK(0, "\x80\x04\x95", "a Python pickle"),
    MARK(1, "\r\r\n", "Python bytecode"),
    MARK(0, "!BDN", "an Outlook mailbox"),
    MARK(0, "\xde\x12\x04\x95", "a gettext catalogue"),
    MARK(0, "DIRC", "a Git index"),
    MARK(0, "PACK", "a Git pack"),
};

const char *magic_of(const void *head, size_t n)
{
    const char *s = head;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const struct mark *m = &marks[i];
        if (n >= m->at + m->n && memcmp(s + m->at, m->bytes, m->n) == 0) return m->what;
    }
    return NULL;
}

/* ------------------------------------------------------------------ what nobody wrote */

static const char *generated_name(const char *name)
{
    static const char *const locks[] = {
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock",
        "deno.lock", "cargo.lock", "composer.lock", "gemfile.lock", "poetry.lock", "pdm.lock",
        "uv.lock", "pixi.lock", "pipfile.lock", "go.sum", "go.work.sum", "flake.lock", "mix.lock",
        "pubspec.lock", "podfile.lock", "package.resolved", "gradle.lockfile", "packages.lock.json",
        "cabal.project.freeze", "conan.lock", ".terraform.lock.hcl", "rebar.lock", "shard.lock",
        "paket.lock", "cartfile.resolved", "module.bazel.lock", "gopkg.lock", "glide.lock",
    };
    static const char *const tails[] = {
        ".pb.go", ".pb.cc", ".pb.h", "_pb2.py", "_pb2_grpc.py", ".pb.dart", ".pb.swift",
        "_pb.js", "_pb.d.ts", ".g.dart", ".freezed.dart", ".designer.cs", ".g.cs", ".g.i.cs",
        ".generated.cs", ".xcworkspacedata", ".pbxproj", NULL,
    };
    static const char *const small[] = {".min.js", ".min.mjs", ".min.css", "-min.js", "-min.css",
                                        ".bundle.js", ".js.map", ".css.map", ".mjs.map", NULL};
    for (size_t i = 0; i < sizeof locks / sizeof *locks; i++)
        if (strcasecmp(name, locks[i]) == 0) return "lock file";
    if (str_has_any_suffix(name, small)) return str_has_suffix(name, ".map") ? "source map" : "minified";
    return str_has_any_suffix(name, tails) ? "generated" : NULL;
}

enum { LINE_MAX_SEEN = 400 };

struct line {
    char s[LINE_MAX_SEEN]; /* small letters */
    size_t n;
};

/* Whether a line holds a, and b after it; both in small letters. */
static bool holds(const struct line *l, const char *a, const char *b)
{
    const char *end = l->s + l->n, *p = memmem(l->s, l->n, a, strlen(a));
    if (!p) return false;
    p += strlen(a);
    return memmem(p, (size_t)(end - p), b, strlen(b)) != NULL;
}

static bool says_made(const struct line *l)
{
    if (!holds(l, "generated", "")) return false; /* which is nearly always so */
    return holds(l, "generated by", "") || holds(l, "generated from", "") || holds(l, "auto", "generated") ||
           holds(l, "generated code", "") || holds(l, "generated file", "") || holds(l, "code generated", "");
}

static bool says_do_not_edit(const struct line *l)
{
    return holds(l, "do not ", "edit") || holds(l, "do not ", "modify") || holds(l, "don't edit", "") ||
           holds(l, "changes", "will be lost") || holds(l, "changes", "will be overwritten");
}

/* The usual words in the comments at the top of generated code.  They may be spread over lines:
 * "generated by X" on one, "do not edit" on another. */
static bool generated_head(const char *s, size_t n)
{
    bool made = false, warned = false;
    for (size_t i = 0, count = 0; i < n && count < 12; count++) {
        const char *nl = memchr(s + i, '\n', n - i);
        size_t len = nl ? (size_t)(nl - s) - i : n - i;
        struct line l = {.n = len < LINE_MAX_SEEN ? len : LINE_MAX_SEEN};
        if (memmem(s + i, l.n, "@" "generated", 10)) return true;
        for (size_t k = 0; k < l.n; k++) {
            char c = s[i + k];
            l.s[k] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        }
        i += len + 1;
        made |= says_made(&l);
        warned |= says_do_not_edit(&l);
        if (made && warned) return true;
    }
    return false;
}

const char *magic_generated(const char *name, const void *head, size_t n, bool is_code)
{
    const char *why = generated_name(name);
    if (why || !is_code) return why;
    if (generated_head(head, n)) return "generated";
    size_t lines = 1, mean = str_has_suffix(name, ".js") || str_has_suffix(name, ".css") ? 1000 : 5000;
    for (const char *p = head, *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))); p++) lines++;
    return n / lines > mean ? "minified" : NULL;
}
