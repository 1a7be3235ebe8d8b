/* Archives as trees, and what hostile ones cannot do. */
#include "tests/archive_make.h"
#include "tests/extract_check.h"

#include "ingest/formats.h"
#include "ingest/members.h"

static char *dir;

struct tree {
    struct arena *a;
    struct docset set;
    struct errinfo e;
    enum err r;
    struct buf names, reasons; /* of documents; of what was left out: "path: reason\n" */
};

static struct tree read_path(const char *name, struct ingest_options o)
{
    struct tree t = {.a = arena_new()};
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    o.extract_path = extract_program();
    t.r = ingest_path(&t.set, t.a, path, &o, NULL, NULL, &t.e);
    buf_addz(&t.names, "");
    buf_addz(&t.reasons, "");
    for (size_t i = 0; i < t.set.n; i++) {
        check_text(t.set.v[i]);
        buf_addf(&t.names, "%s\n", t.set.v[i]->name + strlen(dir) + 1);
    }
    for (size_t i = 0; i < t.set.ledger.n; i++) {
        const struct ledger_entry *l = &t.set.ledger.v[i];
        if (l->reason) buf_addf(&t.reasons, "%s: %s\n", l->path + strlen(dir) + 1, l->reason);
    }
    return t;
}

static void drop_tree(struct tree *t)
{
    buf_free(&t->names);
    buf_free(&t->reasons);
    arena_free(t->a);
}

static void put_archive(const char *name, const char *format, const char *filter,
                        const struct part *v, size_t n)
{
    struct buf b = archive_make(format, filter, v, n);
    write_file(dir, name, b.s, b.n);
    buf_free(&b);
}

#define WORD                                                                                       \
    "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">"         \
    "<w:body><w:p><w:r><w:t>Inside</w:t></w:r></w:p></w:body></w:document>"

static const struct part parts[] = {
    {"top/z.md", "# Last\n", 0}, {"top/src/a.c", "int a;\n", 0}, {"./top/.hidden", "x\n", 0},
    {"top/empty", "", 0}, {"../../etc/passwd", "root\n", 0}, {"/abs/b.txt", "absolute\n", 0},
    {"top/pic.png", "\x89PNG\r\n\x1a\n...", 0}, {"top/package-lock.json", "{}\n", 0},
};
enum { PARTS = sizeof parts / sizeof *parts };

static void every_kind_gives_the_same_tree(void **state)
{
    (void)state;
    static const char *const kinds[][3] = {
        {"a.zip", "zip", "none"}, {"a.tar", "ustar", "none"}, {"a.tar.gz", "pax", "gzip"},
        {"a.txz", "ustar", "xz"}, {"a.tar.bz2", "ustar", "bzip2"}, {"a.tar.zst", "ustar", "zstd"},
        {"a.7z", "7zip", "none"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char want[512];
        put_archive(kinds[i][0], kinds[i][1], kinds[i][2], parts, PARTS);
        struct tree t = read_path(kinds[i][0], (struct ingest_options){0});
        const char *n = kinds[i][0];
        assert_int_equal(t.r, OK);
        snprintf(want, sizeof want, "%s/abs/b.txt\n%s/top/src/a.c\n%s/top/z.md\n", n, n, n);
        assert_string_equal(t.names.s, want);
        snprintf(want, sizeof want, "%s/(member): leading outside\n%s/top/.hidden: hidden\n"
                 "%s/top/empty: empty\n%s/top/package-lock.json: lock file\n"
                 "%s/top/pic.png: binary: a PNG image\n", n, n, n, n, n);
        assert_string_equal(t.reasons.s, want);
        assert_string_equal(t.set.v[1]->lang, "c");
        assert_string_equal(t.set.v[2]->title, "Last");
        drop_tree(&t);
    }
}

/* What was packed twice is read twice, each under a name of its own. */
static void members_of_one_name(void **state)
{
    (void)state;
    static const struct part same[] = {
        {"d/x.txt", "one\n", 0}, {"d/x.txt", "two\n", 0}, {"d/2-x.txt", "other\n", 0},
        {"d/x.txt", "three\n", 0}, {"p.png", "\x89PNG\r\n\x1a\n", 0}, {"p.png", "\x89PNG\r\n\x1a\n", 0},
    };
    put_archive("same.tar", "ustar", "none", same, 6);
    struct tree t = read_path("same.tar", (struct ingest_options){0});
    assert_string_equal(t.names.s, "same.tar/d/2-x.txt\nsame.tar/d/3-x.txt\nsame.tar/d/4-x.txt\n"
                                   "same.tar/d/x.txt\n");
    assert_string_equal(t.set.v[0]->text.s, "other\n");
    assert_string_equal(t.set.v[1]->text.s, "two\n");
    assert_string_equal(t.set.v[3]->text.s, "one\n");
    assert_non_null(strstr(t.reasons.s, "same.tar/d/4-x.txt: another member has its name"));
    assert_non_null(strstr(t.reasons.s, "same.tar/p.png: binary: a PNG image\n"
                                        "same.tar/p.png: binary: a PNG image\n"));
    drop_tree(&t);
    t = read_path("same.tar/d/4-x.txt", (struct ingest_options){0});
    assert_int_equal(t.set.n, 1);
    assert_string_equal(t.set.v[0]->text.s, "three\n");
    drop_tree(&t);
}

/* A number in front makes another name of it to ask for, and not for the rules. */
static void rules_for_members_of_one_name(void **state)
{
    (void)state;
    static const char *const secret[] = {"secret.txt", NULL}, *const make[] = {"Makefile", NULL};
    static const struct part twice[] = {
        {".env", "key\n", 0}, {".env", "key 2\n", 0}, {"d/secret.txt", "one\n", 0},
        {"d/secret.txt", "two\n", 0}, {"Makefile", "all:\n", 0}, {"Makefile", "all: x\n", 0},
        {"go.sum", "a\n", 0}, {"go.sum", "b\n", 0},
    };
    put_archive("twice.tar", "ustar", "none", twice, 8);
    struct tree t = read_path("twice.tar", (struct ingest_options){.exclude = secret});
    assert_string_equal(t.names.s, "twice.tar/2-Makefile\ntwice.tar/Makefile\n");
    assert_string_equal(t.set.v[0]->lang, "makefile");
    assert_non_null(strstr(t.reasons.s, "twice.tar/2-.env: hidden\n"));
    assert_non_null(strstr(t.reasons.s, "twice.tar/2-go.sum: lock file\n"));
    assert_non_null(strstr(t.reasons.s, "twice.tar/d/2-secret.txt: excluded\n"));
    drop_tree(&t);
    t = read_path("twice.tar", (struct ingest_options){.include = make});
    assert_string_equal(t.names.s, "twice.tar/2-Makefile\ntwice.tar/Makefile\n");
    drop_tree(&t);
    t = read_path("twice.tar", (struct ingest_options){.max_depth = 1});
    assert_string_equal(t.names.s, "twice.tar/2-Makefile\ntwice.tar/Makefile\n");
    assert_non_null(strstr(t.reasons.s, "twice.tar/d/2-secret.txt: deeper than --max-depth\n"));
    drop_tree(&t);
    t = read_path("twice.tar/d", (struct ingest_options){.max_depth = 1}); /* counted from what is named */
    assert_int_equal(t.set.n, 2);
    drop_tree(&t);
    t = read_path("twice.tar/d", (struct ingest_options){.exclude = secret});
    assert_int_equal(t.set.n, 0);
    drop_tree(&t);
    t = read_path("twice.tar/2-.env", (struct ingest_options){0}); /* asked for by name */
    assert_string_equal(t.names.s, "twice.tar/2-.env\n");
    drop_tree(&t);
    t = read_path("twice.tar", (struct ingest_options){.hidden = true, .exclude = make});
    assert_string_equal(t.names.s, "twice.tar/.env\ntwice.tar/2-.env\ntwice.tar/d/2-secret.txt\n"
                                   "twice.tar/d/secret.txt\n");
    drop_tree(&t);
}

static void rules_and_single_members(void **state)
{
    (void)state;
    static const char *const only_c[] = {"*.c", NULL};
    put_archive("a.zip", "zip", "none", parts, PARTS);
    struct part nested[] = {{"in/a.zip", NULL, 0}, {"x.txt", "x\n", 0}};
    struct buf inner = archive_make("zip", "none", parts, PARTS);
    nested[0].s = inner.s;
    nested[0].n = inner.n;
    put_archive("n.tgz", "ustar", "gzip", nested, 2);
    buf_free(&inner);
    struct tree t = read_path("a.zip", (struct ingest_options){.include = only_c});
    assert_string_equal(t.names.s, "a.zip/top/src/a.c\n");
    drop_tree(&t);
    t = read_path("a.zip/top/src", (struct ingest_options){0});
    assert_string_equal(t.names.s, "a.zip/top/src/a.c\n");
    drop_tree(&t);
    t = read_path("a.zip/top/.hidden", (struct ingest_options){0});
    assert_string_equal(t.names.s, "a.zip/top/.hidden\n");
    drop_tree(&t);
    t = read_path("n.tgz/in/a.zip/top/z.md", (struct ingest_options){0});
    assert_string_equal(t.names.s, "n.tgz/in/a.zip/top/z.md\n");
    assert_int_equal(t.set.v[0]->text.n, 7);
    drop_tree(&t);
    t = read_path("n.tgz", (struct ingest_options){0});
    assert_string_equal(t.names.s, "n.tgz/in/a.zip/abs/b.txt\nn.tgz/in/a.zip/top/src/a.c\n"
                                   "n.tgz/in/a.zip/top/z.md\nn.tgz/x.txt\n");
    drop_tree(&t);
    t = read_path("a.zip/nope", (struct ingest_options){0});
    assert_int_equal(t.r, E_IO);
    drop_tree(&t);
    t = read_path("n.tgz/x.txt/y", (struct ingest_options){0});
    assert_int_equal(t.r, E_IO);
    drop_tree(&t);
    t = read_path("n.tgz//x.txt", (struct ingest_options){0});
    assert_string_equal(t.names.s, "n.tgz/x.txt\n");
    drop_tree(&t);
    struct part odd[] = {{"a\xff\033.txt", "odd\n", 0}};
    put_archive("odd.tar", "ustar", "none", odd, 1);
    t = read_path("odd.tar/a\xff\033.txt", (struct ingest_options){0});
    assert_string_equal(t.names.s, "odd.tar/a\xef\xbf\xbd\xef\xbf\xbd.txt\n");
    drop_tree(&t);
    t = read_path("n.tgz/\xff\xff\xff\xff", (struct ingest_options){0}); /* longer where it is shown */
    assert_int_equal(t.r, E_IO);
    drop_tree(&t);
    t = read_path("n.tgz/in/a.zip/nope", (struct ingest_options){0});
    assert_int_equal(t.r, E_IO);
    assert_non_null(strstr(t.e.msg, "n.tgz/in/a.zip: no member nope in it that can be read"));
    drop_tree(&t);
    t = read_path("a.zip/top/pic.png", (struct ingest_options){0}); /* the reason is said */
    assert_int_equal(t.r, E_UNSUPPORTED);
    assert_non_null(strstr(t.e.msg, "a.zip/top/pic.png: binary: a PNG image"));
    drop_tree(&t);
    t = read_path("a.zip/top", (struct ingest_options){.include = only_c}); /* rules for a folder in it */
    assert_string_equal(t.names.s, "a.zip/top/src/a.c\n");
    drop_tree(&t);
    t = read_path("a.zip/", (struct ingest_options){.include = only_c});
    assert_string_equal(t.names.s, "a.zip/top/src/a.c\n");
    drop_tree(&t);
    t = read_path("a.zip/top/z.md", (struct ingest_options){.include = only_c}); /* none for what is named */
    assert_string_equal(t.names.s, "a.zip/top/z.md\n");
    drop_tree(&t);
    write_file(dir, "plain.txt", "words\n", 6);
    t = read_path("plain.txt/x", (struct ingest_options){0});
    assert_int_equal(t.r, E_IO);
    assert_int_equal(t.set.n, 0);
    drop_tree(&t);
}

/* "General purpose bit flag", bit 11: names are UTF-8. */
static void say_utf8(struct buf *zip)
{
    for (size_t i = 0; i + 10 < zip->n; i++) {
        if (!memcmp(zip->s + i, "PK\3\4", 4)) zip->s[i + 7] |= 8;
        else if (!memcmp(zip->s + i, "PK\1\2", 4)) zip->s[i + 9] |= 8;
    }
}

static void names_that_are_not_ascii(void **state)
{
    (void)state;
    static const struct part v[] = {{"\xc3\xa9/\xe6\x97\xa5.txt", "words\n", 0}};
    struct buf b = archive_make("zip", "none", v, 1);
    for (int said = 0; said < 2; said++) {
        write_file(dir, "names.zip", b.s, b.n);
        struct tree t = read_path("names.zip/\xc3\xa9/\xe6\x97\xa5.txt", (struct ingest_options){0});
        assert_string_equal(t.names.s, "names.zip/\xc3\xa9/\xe6\x97\xa5.txt\n");
        drop_tree(&t);
        say_utf8(&b);
    }
    buf_free(&b);
}

static void one_compressed_file(void **state)
{
    (void)state;
    static const struct { const char *name, *filter, *format; } cases[] = {
        {"a.md.gz", "gzip", "markdown"}, {"b.c.xz", "xz", "code"}, {"c.html.zst", "zstd", "html"},
        {"d.bz2", "bzip2", "text"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct part one[] = {{"x", "# words and more", 0}};
        put_archive(cases[i].name, "raw", cases[i].filter, one, 1);
        struct tree t = read_path(cases[i].name, (struct ingest_options){0});
        assert_int_equal(t.r, OK);
        assert_int_equal(t.set.n, 1);
        if (i < 3) assert_string_equal(t.set.v[0]->format, cases[i].format);
        assert_string_equal(t.set.v[0]->name + strlen(dir) + 1, cases[i].name);
        assert_int_equal(t.set.v[0]->source_bytes, 16);
        drop_tree(&t);
    }
}

/* Writes another name of the same length over each that stands in a zip. */
static void rename_in(struct buf *b, const char *from, const char *to)
{
    size_t n = strlen(from);
    assert_int_equal(strlen(to), n);
    for (char *p = b->s; (p = memmem(p, (size_t)(b->s + b->n - p), from, n)); p += n) memcpy(p, to, n);
}

/* A document that is a zip file is still one where it is compressed, and a zip file an archive. */
static void compressed_zip_files(void **state)
{
    (void)state;
    static const char *const filters[] = {"gzip", "xz", "zstd", "bzip2"};
    struct buf docx = ZIP({"[Content_Types].xml", "<Types/>", 0}, {"word/document.xml", WORD, 0});
    struct buf zip = ZIP({"a.txt", "words\n", 0}, {"b.docx", docx.s, docx.n});
    const struct part doc[] = {{"x", docx.s, docx.n}}, all[] = {{"x", zip.s, zip.n}};
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        put_archive("w.docx.gz", "raw", filters[i], doc, 1);
        struct tree t = read_path("w.docx.gz", (struct ingest_options){0});
        assert_string_equal(t.names.s, "w.docx.gz\n");
        assert_string_equal(t.set.v[0]->format, "docx");
        assert_string_equal(t.set.v[0]->text.s, "Inside");
        drop_tree(&t);
        put_archive("w.zip.gz", "raw", filters[i], all, 1);
        t = read_path("w.zip.gz", (struct ingest_options){0});
        assert_string_equal(t.names.s, "w.zip.gz/a.txt\nw.zip.gz/b.docx\n");
        assert_string_equal(t.set.v[1]->text.s, "Inside");
        drop_tree(&t);
        t = read_path("w.zip.gz/a.txt", (struct ingest_options){0});
        assert_string_equal(t.names.s, "w.zip.gz/a.txt\n");
        drop_tree(&t);
    }
    buf_free(&zip);
    buf_free(&docx);
}

/* What unpacks itself is read as what is packed, and the program is not run. */
static void zip_files_behind_programs(void **state)
{
    (void)state;
    static const char *const stubs[] = {"MZ\1\2\n\3", "\x7f" "ELF\2\1", "#!/usr/bin/env python3\n"};
    struct buf zip = ZIP({"a.txt", "words\n", 0}, {"gr\x94\xe1""e.md", "# T\n", 0});
    rename_in(&zip, "a.txt", "\x81.txt"); /* names are found in what lies behind, too */
    for (size_t i = 0; i < sizeof stubs / sizeof *stubs; i++) {
        struct buf b = {0};
        buf_addz(&b, stubs[i]);
        for (int k = 0; k < 70000; k++) buf_addc(&b, (char)(k % 251));
        write_file(dir, "alone.exe", b.s, b.n);
        buf_add(&b, zip.s, zip.n);
        write_file(dir, "p/self.exe", b.s, b.n);
        buf_free(&b);
        struct tree t = read_path("p/self.exe", (struct ingest_options){0});
        assert_string_equal(t.names.s, "p/self.exe/gr\xc3\xb6\xc3\x9f""e.md\np/self.exe/\xc3\xbc.txt\n");
        assert_string_equal(t.set.v[0]->title, "T");
        drop_tree(&t);
        t = read_path("alone.exe", (struct ingest_options){0});
        assert_int_equal(t.r, E_UNSUPPORTED);
        drop_tree(&t);
        t = read_path("p", (struct ingest_options){0});
        assert_int_equal(t.set.n, 0);
        drop_tree(&t);
    }
    buf_free(&zip);
}

static void compressed_files_of_nothing(void **state)
{
    (void)state;
    static const char *const filters[] = {"gzip", "xz", "zstd", "bzip2"};
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        const struct part nothing[] = {{"x", "", 0}};
        struct buf b = archive_make("raw", filters[i], nothing, 1);
        write_file(dir, "none.gz", b.s, b.n);
        struct tree t = read_path("none.gz", (struct ingest_options){0});
        assert_int_equal(t.r, E_EMPTY);
        assert_non_null(strstr(t.e.msg, "none.gz: what is compressed in it is empty"));
        drop_tree(&t);
        write_file(dir, "none.gz", b.s, b.n - 2);
        t = read_path("none.gz", (struct ingest_options){0});
        assert_int_equal(t.r, E_FORMAT);
        drop_tree(&t);
        buf_free(&b);
    }
}

static void in_folders_archives_stay_shut(void **state)
{
    (void)state;
    const struct part one[] = {{"x", "just words\n", 0}};
    put_archive("f/a.zip", "zip", "none", parts, PARTS);
    put_archive("f/a.tgz", "ustar", "gzip", parts, PARTS);
    put_archive("f/notes.txt.gz", "raw", "gzip", one, 1);
    struct tree t = read_path("f", (struct ingest_options){0});
    assert_string_equal(t.names.s, "f/notes.txt.gz\n");
    assert_string_equal(t.reasons.s, "f/a.tgz: archive: read when named\n"
                                     "f/a.zip: archive: read when named\n");
    drop_tree(&t);
}

/* Names without the mark of UTF-8 are in the code page of whoever packed the file. */
static void names_of_other_code_pages(void **state)
{
    (void)state;
    static const struct { const char *raw, *shown; } v[] = {
        {"gr\x94\xe1""e \x81""ber.txt", "a.zip/gr\xc3\xb6\xc3\x9f""e \xc3\xbc""ber.txt\n"}, /* cp437 */
        {"\x84\xae\xa3\xae\xa2\xae\xe0 \xa0\xe0\xa5\xad\xa4\xeb \xaf\xae\xac\xa5\xe9\xa5\xad\xa8\xef.txt", /* cp866 */
         "a.zip/\u0414\u043e\u0433\u043e\u0432\u043e\u0440 \u0430\u0440\u0435\u043d\u0434\u044b "
         "\u043f\u043e\u043c\u0435\u0449\u0435\u043d\u0438\u044f.txt\n"},
        {"\x95\xf1\x8d\x90\x8f\x91_\x91\xe6\x88\xea\x8f\xcd\x82\xcc\x90\xe0\x96\xbe.txt", /* cp932 */
         "a.zip/\u5831\u544a\u66f8_\u7b2c\u4e00\u7ae0\u306e\u8aac\u660e.txt\n"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        char plain[64] = {0};
        memset(plain, 'N', strlen(v[i].raw));
        struct part one[] = {{plain, "words\n", 0}};
        struct buf b = archive_make("zip", "none", one, 1);
        rename_in(&b, plain, v[i].raw);
        write_file(dir, "a.zip", b.s, b.n);
        struct tree t = read_path("a.zip", (struct ingest_options){0});
        assert_string_equal(t.names.s, v[i].shown);
        drop_tree(&t);
        buf_free(&b);
    }
}

/* What is stored in a zip file is not its own: neither its kind nor its names. */
static void documents_stored_inside(void **state)
{
    (void)state;
    static const char russian[] = "\x84\xae\xa3\xae\xa2\xae\xe0.txt", german[] = "gr\x94\xe1""e.txt";
    struct buf docx = ZIP({"[Content_Types].xml", "<Types/>", 0}, {"word/document.xml", WORD, 0});
    struct buf odt = ZIP({"mimetype", "application/vnd.oasis.opendocument.text", 0},
                         {"content.xml", "<a/>", 0});
    struct buf inner = ZIP({"NNNNNNN.txt", "x\n", 0}, {"NNNNNNM.txt", "x\n", 0});
    rename_in(&inner, "NNNNNNN.txt", russian);
    rename_in(&inner, "NNNNNNM.txt", "\x84\xae\xa3\xae\xa2\xae\xe1.txt");
    struct buf out = ZIP({"in.docx", docx.s, docx.n}, {"in.odt", odt.s, odt.n}, {"x.txt", "x\n", 0});
    write_file(dir, "s.zip", out.s, out.n);
    struct tree t = read_path("s.zip", (struct ingest_options){0});
    assert_string_equal(t.names.s, "s.zip/in.docx\ns.zip/x.txt\n");
    drop_tree(&t);
    /* The kind of one that was cut off: its end record is gone. */
    assert_int_equal(formats_find("docx")->sniff("x", (const unsigned char *)docx.s, docx.n - 30), 95);
    assert_int_equal(formats_find("docx")->sniff("x", (const unsigned char *)out.s, out.n - 30), 0);
    buf_free(&out);
    out = ZIP({"NNNNN.txt", "x\n", 0}, {"in.zip", inner.s, inner.n});
    rename_in(&out, "NNNNN.txt", german);
    write_file(dir, "c.zip", out.s, out.n);
    t = read_path("c.zip/gr\xc3\xb6\xc3\x9f""e.txt", (struct ingest_options){0});
    assert_string_equal(t.names.s, "c.zip/gr\xc3\xb6\xc3\x9f""e.txt\n");
    drop_tree(&t);
    buf_free(&out);
    buf_free(&inner);
    buf_free(&odt);
    buf_free(&docx);
}

#define ATTACHED(name, base64)                                                                     \
    "--b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"             \
    "Content-Disposition: attachment; filename=\"" name "\"\n\n" base64 "\n"

/* What is attached to mail and is no text of it is read behind it, as what it is. */
static void attachments(void **state)
{
    (void)state;
    static const char mail[] =
        "From: a@b\nTo: c@d\nSubject: Figures\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee below.\n"
        ATTACHED("t.csv", "YSxiCjEsMgo=") ATTACHED("t.csv", "YyxkCjMsNAo=")
        ATTACHED("p.png", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAA=")
        ATTACHED("../x/notes", "bm90ZXMgb2Ygc29tZWJvZHkK")
        "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=n.txt\n\nin it\n--b--\n";
    write_text(dir, "m.eml", mail);
    struct tree t = read_path("m.eml", (struct ingest_options){0});
    assert_int_equal(t.r, OK);
    assert_string_equal(t.names.s, "m.eml\nm.eml/2-t.csv\nm.eml/notes\nm.eml/t.csv\n");
    assert_non_null(strstr(t.set.v[0]->text.s, "in it"));
    assert_string_equal(t.set.v[1]->text.s, "c | d\n3 | 4");
    assert_string_equal(t.reasons.s, "m.eml/2-t.csv: another member has its name: told apart by a number\n");
    drop_tree(&t);
    static const char *const csv[] = {"t.csv", NULL};
    t = read_path("m.eml", (struct ingest_options){.exclude = csv});
    assert_string_equal(t.names.s, "m.eml\nm.eml/notes\n");
    drop_tree(&t);
    t = read_path("m.eml/t.csv", (struct ingest_options){0});
    assert_string_equal(t.names.s, "m.eml/t.csv\n");
    assert_string_equal(t.set.v[0]->text.s, "a | b\n1 | 2");
    drop_tree(&t);
    t = read_path("m.eml/p.png", (struct ingest_options){0});
    assert_int_equal(t.r, E_IO);
    drop_tree(&t);
    write_text(dir, "alike.eml",
               "From: a@b\nTo: c@d\nMIME-Version: 1.0\n"
               "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee below.\n"
               ATTACHED("=?utf-8?Q?u=C2=81.csv?=", "YSxiCjEsMgo=")
               ATTACHED("=?utf-8?Q?u=C2=82.csv?=", "YyxkCjMsNAo=") "--b--\n");
    t = read_path("alike.eml", (struct ingest_options){0});
    assert_string_equal(t.names.s, "alike.eml\nalike.eml/2-u_.csv\nalike.eml/u_.csv\n");
    drop_tree(&t);
    struct part in[] = {{"box/m.eml", mail, 0}};
    put_archive("z.zip", "zip", "none", in, 1);
    t = read_path("z.zip/box/m.eml/2-t.csv", (struct ingest_options){0});
    assert_string_equal(t.names.s, "z.zip/box/m.eml/2-t.csv\n");
    drop_tree(&t);
}

/* What would be read below a folder is listed as it is for each file by itself. */
static void folder_lists_what_its_files_hold(void **state)
{
    (void)state;
    static const struct part one[] = {{"n", "notes\n", 0}};
    char path[512];
    snprintf(path, sizeof path, "%s/mails", dir);
    mkdir(path, 0700);
    write_text(dir, "mails/m.eml", "From: a@b\nTo: c@d\nMIME-Version: 1.0\n"
               "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee below.\n"
               ATTACHED("t.csv", "YSxiCjEsMgo=") "--b--\n");
    put_archive("mails/n.txt.gz", "raw", "gzip", one, 1);
    struct arena *a = arena_new();
    struct ledger l = {0};
    struct errinfo e = {0};
    struct buf seen = {0};
    struct ingest_options o = {.extract_path = extract_program()};
    assert_int_equal(ingest_list(&l, a, path, &o, &e), OK);
    for (size_t i = 0; i < l.n; i++)
        buf_addf(&seen, "%s %s\n", l.v[i].path + strlen(path), l.v[i].format);
    assert_string_equal(seen.s, "/m.eml eml\n/m.eml/t.csv csv\n/n.txt.gz text\n");
    buf_free(&seen);
    arena_free(a);
}

/* A zip file in which the file lies `depth` archives deep, beside a text in each.  Frees its bytes. */
static void write_nested(const char *path, const char *name, struct buf *file, int depth)
{
    for (int i = 0; i < depth; i++) {
        struct part v[] = {{i ? "a.zip" : name, file->s, file->n}, {"b.txt", "level\n", 0}};
        struct buf outer = archive_make("zip", "none", v, 2);
        buf_free(file);
        *file = outer;
    }
    write_file(dir, path, file->s, file->n);
    buf_free(file);
}

/* A message that lies too deep for what is attached to it, which is said. */
static void attachments_left_out(void **state)
{
    (void)state;
    struct buf inner = {0};
    buf_addz(&inner, "From: a@b\nTo: c@d\nSubject: Deep\nMIME-Version: 1.0\n"
                     "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee below.\n"
                     ATTACHED("t.csv", "YSxiCjEsMgo=") "--b--\n");
    write_nested("mail.zip", "m.eml", &inner, 3);
    struct tree t = read_path("mail.zip", (struct ingest_options){0});
    assert_int_equal(t.r, OK);
    assert_non_null(strstr(t.names.s, "mail.zip/a.zip/a.zip/m.eml\n"));
    assert_non_null(strstr(t.reasons.s, "m.eml: what is attached in 3 archives is not unpacked"));
    drop_tree(&t);
}

/* ------------------------------------------------------------------ hostile and broken */

static void what_is_there_before_the_damage(void **state)
{
    (void)state;
    struct part big[] = {{"a.txt", "first\n", 0}, {"b.txt", NULL, 200000}, {"c.txt", "last\n", 0}};
    char *noise = mem_alloc(200000, 1);
    for (size_t i = 0; i < 200000; i++) noise[i] = (char)('a' + (i * 2654435761u >> 13) % 26);
    big[1].s = noise;
    struct buf b = archive_make("ustar", "gzip", big, 3);
    write_file(dir, "cut.tgz", b.s, b.n / 2);
    struct tree t = read_path("cut.tgz", (struct ingest_options){0});
    assert_int_equal(t.r, OK);
    assert_string_equal(t.set.v[0]->text.s, "first\n");
    assert_non_null(strstr(t.reasons.s, "cut.tgz: damaged: the rest cannot be unpacked\n"));
    assert_int_equal(t.set.n, 2); /* and the beginning of the one that was cut */
    assert_memory_equal(t.set.v[1]->text.s, noise, 30000);
    drop_tree(&t);
    struct part one[] = {{"x", noise, 50000}};
    struct buf gz = archive_make("raw", "gzip", one, 1);
    write_file(dir, "cut.txt.gz", gz.s, gz.n / 2); /* less than a block of libarchive */
    t = read_path("cut.txt.gz", (struct ingest_options){0});
    assert_int_equal(t.r, OK);
    assert_true(t.set.v[0]->text.n > 10000);
    assert_memory_equal(t.set.v[0]->text.s, noise, 10000);
    assert_non_null(strstr(t.reasons.s, "cut.txt.gz: damaged: the rest cannot be unpacked\n"));
    buf_free(&gz);
    drop_tree(&t);
    write_file(dir, "cut.tgz", b.s, 20);
    t = read_path("cut.tgz", (struct ingest_options){0});
    assert_int_equal(t.r, E_FORMAT);
    drop_tree(&t);
    write_text(dir, "bad.zip", "PK\3\4 and nothing behind");
    t = read_path("bad.zip", (struct ingest_options){0});
    assert_int_equal(t.r, E_FORMAT);
    assert_non_null(strstr(t.e.msg, "damaged, or no archive of a known kind"));
    drop_tree(&t);
    buf_free(&b);
    mem_free(noise);
}

static void a_bomb_ends_at_the_limit(void **state)
{
    (void)state;
    size_t n = (size_t)60 << 20;
    char *blanks = mem_alloc(n, 1);
    memset(blanks, ' ', n);
    struct part bomb[6] = {{"0.txt", "words\n", 0}};
    char names[6][8];
    for (int i = 1; i < 6; i++) {
        snprintf(names[i], sizeof names[i], "%d.txt", i);
        bomb[i] = (struct part){names[i], blanks, n};
    }
    put_archive("bomb.tar.xz", "ustar", "gzip", bomb, 6);
    mem_free(blanks);
    struct tree t = read_path("bomb.tar.xz", (struct ingest_options){0});
    assert_int_equal(t.r, OK);
    assert_string_equal(t.names.s, "bomb.tar.xz/0.txt\n");
    assert_non_null(strstr(t.reasons.s, "unpacks to more than 250 times its size"));
    drop_tree(&t);
}

static void archives_in_archives_end(void **state)
{
    (void)state;
    struct buf inner = {0};
    buf_addz(&inner, "deep\n");
    write_nested("deep.zip", "a.txt", &inner, 6);
    struct tree t = read_path("deep.zip", (struct ingest_options){0});
    assert_int_equal(t.r, OK);
    assert_int_equal(t.set.n, 3);
    assert_non_null(strstr(t.reasons.s, "deep.zip/a.zip/a.zip/a.zip: an archive in 3 others is not unpacked"));
    drop_tree(&t);
}

static void answers_that_lie(void **state)
{
    (void)state;
    static const struct { const char *s; size_t n; } lies[] = {
#define LIE(s) {s, sizeof(s) - 1}
        LIE(""), LIE("drtree\0\1"), LIE("drtree\0\2\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        LIE("drtree\0\1\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"),
        LIE("drtree\0\1\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0"),
        LIE("drtree\0\1\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"),
        LIE("drtree\0\1\7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        LIE("drtree\0\1\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0more"),
    };
    struct wire_about about = {.name = "x", .format = "archive", .source = "", .n_source = 0};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct arena *a = arena_new();
        struct members m;
        struct errinfo e = {0};
        struct buf answer = {0};
        buf_add(&answer, lies[i].s, lies[i].n);
        assert_int_equal(members_parse(&m, a, &about, &answer, &e), E_FORMAT);
        assert_true(e.msg[0]);
        buf_free(&answer);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_gives_the_same_tree),
        cmocka_unit_test(rules_and_single_members),
        cmocka_unit_test(names_that_are_not_ascii),
        cmocka_unit_test(one_compressed_file), cmocka_unit_test(compressed_zip_files),
        cmocka_unit_test(compressed_files_of_nothing), cmocka_unit_test(zip_files_behind_programs),
        cmocka_unit_test(in_folders_archives_stay_shut),
        cmocka_unit_test(names_of_other_code_pages),
        cmocka_unit_test(documents_stored_inside), cmocka_unit_test(members_of_one_name),
        cmocka_unit_test(rules_for_members_of_one_name),
        cmocka_unit_test(folder_lists_what_its_files_hold),
        cmocka_unit_test(attachments),
        cmocka_unit_test(attachments_left_out),
        cmocka_unit_test(what_is_there_before_the_damage),
        cmocka_unit_test(a_bomb_ends_at_the_limit),
        cmocka_unit_test(archives_in_archives_end),
        cmocka_unit_test(answers_that_lie),
    };
    dir = make_folder();
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    drop_folder(dir);
    return r;
}
