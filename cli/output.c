#include "cli/output.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ------------------------------------------------------------------ where it goes */

/* Found before the work starts rather than after it: the folder of a file to be replaced. */
static enum err check_folder(const char *path, struct errinfo *e)
{
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        if (S_ISDIR(st.st_mode)) return err_set(e, E_IO, "%s: cannot write: is a folder", path);
        return OK; /* a device or pipe: written into, not replaced */
    }
    const char *slash = strrchr(path, '/');
    struct buf dir = {0};
    if (slash) buf_add(&dir, path, slash == path ? 1 : (size_t)(slash - path));
    else buf_addz(&dir, ".");
    enum err r = OK;
    if (access(dir.s, W_OK | X_OK) != 0)
        r = err_set(e, E_IO, "%s: cannot write: %s", path, strerror(errno));
    buf_free(&dir);
    return r;
}

enum err output_open(struct output *o, const char *path, struct errinfo *e)
{
    *o = (struct output){0};
    if (!path || !strcmp(path, "-")) return OK;
    o->path = path;
    return check_folder(path, e);
}

/* As if SIGPIPE had killed us: `deepread ... | head` is no error. */
static void die_of_pipe(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
    _exit(128 + SIGPIPE); /* when the signal is blocked */
}

static enum err stdout_failed(struct errinfo *e)
{
    if (errno == EPIPE) die_of_pipe();
    return err_set(e, E_IO, "standard output: cannot write: %s", strerror(errno));
}

enum err output_flush(struct errinfo *e)
{
    if (fflush(stdout) != 0 || ferror(stdout)) return stdout_failed(e);
    return OK;
}

enum err output_put(struct output *o, const char *s, size_t n, struct errinfo *e)
{
    if (o->path) {
        buf_add(&o->pending, s, n);
        return OK;
    }
    errno = 0;
    if (n && fwrite(s, 1, n, stdout) != n) return stdout_failed(e);
    return output_flush(e);
}

enum err output_close(struct output *o, struct errinfo *e)
{
    enum err r = OK;
    if (o->path) r = sys_write_file(o->path, o->pending.s, o->pending.n, e);
    output_drop(o);
    return r;
}

void output_drop(struct output *o)
{
    buf_free(&o->pending);
}

/* ------------------------------------------------------------------ records */

const char *output_suffix(enum format f)
{
    static const char *const suffixes[] = {".txt", ".md", ".json", ".jsonl", ".txt"};
    return suffixes[f];
}

/* Which result this is, where several follow each other as text. */
static void add_heading(struct buf *b, const struct result *r, const struct look *look,
                        size_t record)
{
    if (!look->many || (look->format != FORMAT_TEXT && look->format != FORMAT_MARKDOWN)) return;
    bool markdown = look->format == FORMAT_MARKDOWN;
    void (*put)(struct buf *, struct str) = markdown ? output_markdown_value : output_value;
    if (record) buf_addc(b, '\n');
    if (look->docs && r->n_docs) {
        buf_addz(b, markdown ? "# " : "==> ");
        put(b, str_of(r->docs[0]->name));
        buf_addz(b, markdown ? "\n\n" : " <==\n");
    }
    if (look->texts && r->text) {
        buf_addz(b, markdown ? "## " : "> ");
        put(b, str_of(r->text));
        buf_addz(b, markdown ? "\n\n" : "\n");
    }
}

enum err output_result(struct output *o, const struct result *r, const struct look *look,
                       struct errinfo *e)
{
    struct buf b = {0};
    add_heading(&b, r, look, o->records);
    switch (look->format) {
    case FORMAT_TEXT:
        output_text(&b, r, look);
        break;
    case FORMAT_MARKDOWN:
        output_markdown(&b, r, look, o->notes);
        break;
    case FORMAT_JSON:
        if (look->many) buf_addz(&b, o->records ? ",\n" : "[\n");
        output_json(&b, r, look, true);
        break;
    case FORMAT_JSONL:
        output_json(&b, r, look, false);
        break;
    case FORMAT_GREP:
        output_grep(&b, r);
        break;
    }
    if (look->format == FORMAT_JSONL || (look->format == FORMAT_JSON && !look->many))
        buf_addc(&b, '\n');
    o->records++;
    o->notes += r->n_citations;
    enum err code = output_put(o, b.s, b.n, e);
    buf_free(&b);
    return code;
}

enum err output_end(struct output *o, const struct look *look, struct errinfo *e)
{
    if (look->format == FORMAT_JSON && look->many && o->records)
        return output_put(o, "\n]\n", 3, e);
    return OK;
}

/* ------------------------------------------------------------------ parts of every format */

/* One character; what a terminal would obey is written out. */
static void add_char(struct buf *out, uint32_t cp)
{
    if (!utf8_steers(cp)) buf_add_utf8(out, cp);
    else if (cp < 0x100) buf_addf(out, "\\x%02x", (unsigned)cp);
    else buf_addf(out, "\\u%04x", (unsigned)cp);
}

void output_value(struct buf *out, struct str s)
{
    bool space = false, any = false;
    for (size_t i = 0; i < s.n;) {
        uint32_t cp;
        i += utf8_next(s.s + i, s.n - i, &cp);
        if (utf8_is_space(cp)) {
            space = any;
            continue;
        }
        if (space) buf_addc(out, ' ');
        space = false;
        any = true;
        add_char(out, cp);
    }
}

void output_escaped(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n;) {
        uint32_t cp;
        i += utf8_next(s.s + i, s.n - i, &cp);
        if (cp == '\n' || cp == '\t') buf_addc(out, (char)cp);
        else add_char(out, cp);
    }
}

static void add_range(struct buf *out, const char *before, uint32_t a, uint32_t b)
{
    buf_addf(out, "%s%u", before, a);
    if (b > a) buf_addf(out, "-%u", b);
}

/* " slide 3", or short for what every reader knows: " p.3". */
static void add_part(struct buf *out, const char *unit, const char *usual, uint32_t a, uint32_t b)
{
    buf_addf(out, " %s", unit ? unit : usual);
    add_range(out, unit ? " " : "", a, b);
}

void output_place(struct buf *out, const struct place *p, enum cite cite)
{
    if (p->page) {
        add_part(out, p->units.page, "p.", p->page, p->page);
        char number[16];
        snprintf(number, sizeof number, "%u", p->page);
        if (p->page_label && *p->page_label && strcmp(p->page_label, number)) {
            buf_addz(out, " (");
            output_value(out, str_of(p->page_label));
            buf_addc(out, ')');
        }
        if (p->line0 && cite >= CITE_LINE)
            add_part(out, p->units.line, "l.", p->line0, p->line1);
    } else if (p->line0 && p->units.line) {
        add_part(out, p->units.line, "", p->line0, p->line1);
    } else if (p->line0) {
        add_range(out, ":", p->line0, p->line1);
    }
}
