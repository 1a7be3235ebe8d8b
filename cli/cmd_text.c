#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/job.h"
#include "cli/jsonw.h"
#include "cli/output.h"
#include "cli/read.h"
#include "cli/report.h"

/* What ingestion sees: the first tool for every bug report. */

static void add_place(struct buf *b, const struct place *p)
{
    if (p->page) buf_addf(b, "%u\t", p->page);
    else buf_addz(b, "-\t");
    if (p->line0) buf_addf(b, "%u\t", p->line0);
    else buf_addz(b, "-\t");
    if (p->byte0 != SPAN_NO_BYTES)
        buf_addf(b, "%zu-%zu\t", p->byte0, p->byte1);
    else if (p->box[2] > p->box[0])
        buf_addf(b, "%.1f,%.1f,%.1f,%.1f\t", p->box[0], p->box[1], p->box[2], p->box[3]);
    else
        buf_addz(b, "-\t");
}

/* Text as it is, or for a terminal without what it would obey. */
static void add_text(struct buf *b, struct str s, bool terminal)
{
    if (terminal) output_escaped(b, s);
    else buf_add(b, s.s, s.n);
}

static void add_mapped(struct buf *b, const struct doc *d, bool terminal)
{
    for (size_t i = 0; i < d->text.n;) {
        const char *end = memchr(d->text.s + i, '\n', d->text.n - i);
        size_t n = end ? (size_t)(end - d->text.s) - i : d->text.n - i;
        if (n) {
            struct place p = doc_place(d, i, n);
            add_place(b, &p);
        } else {
            buf_addz(b, "\t\t\t");
        }
        add_text(b, (struct str){d->text.s + i, n}, terminal);
        buf_addc(b, '\n');
        i += n + 1;
    }
}

static void add_doc(struct buf *b, const struct doc *d, const struct options *o, bool titled)
{
    bool terminal = !o->output && isatty(STDOUT_FILENO);
    if (titled) {
        if (b->n) buf_addc(b, '\n');
        buf_addz(b, "# ");
        output_value(b, str_of(d->name));
        buf_addc(b, '\n');
    }
    if (o->map) {
        add_mapped(b, d, terminal);
        return;
    }
    add_text(b, d->text, terminal);
    if (!d->text.n || d->text.s[d->text.n - 1] != '\n') buf_addc(b, '\n');
}

/* One object a line for each chunk, with the label that citations carry in JSON. */
static void add_chunks(struct buf *b, struct job *j)
{
    job_select(j, 0, j->set.n);
    for (size_t i = 0; i < j->n_chunks; i++) {
        const struct chunk *c = &j->chunks[i];
        const struct doc *d = j->set.v[c->doc];
        struct place p = doc_place(d, c->start, c->end - c->start);
        struct jsonw w = {.out = b};
        jsonw_open(&w, NULL, '{');
        jsonw_int(&w, "chunk", c->label);
        jsonw_z(&w, "path", d->name);
        if (p.page) jsonw_int(&w, "page", p.page);
        else jsonw_null(&w, "page");
        if (p.line0) jsonw_pair(&w, "line", p.line0, p.line1);
        else jsonw_null(&w, "line");
        if (p.byte0 != SPAN_NO_BYTES) jsonw_pair(&w, "bytes", (int64_t)p.byte0, (int64_t)p.byte1);
        else jsonw_null(&w, "bytes");
        jsonw_str(&w, "text", (struct str){d->text.s + c->start, c->end - c->start});
        jsonw_close(&w, '}');
        buf_addc(b, '\n');
    }
}

/* A name in a column: what would end it or its line is written out. */
static void add_name(struct buf *b, const char *name, bool terminal)
{
    for (size_t n; *name; name += n) {
        n = strcspn(name, "\t\n");
        add_text(b, (struct str){name, n}, terminal);
        if (name[n]) buf_addf(b, "\\x%02x", (unsigned)name[n++]);
    }
}

/* One line for each file that would be read. */
static void add_list(struct buf *b, const struct ledger *l, bool terminal)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct ledger_entry *f = &l->v[i];
        if (f->status != LEDGER_USED || f->holds) continue;
        add_name(b, f->path, terminal);
        buf_addf(b, "\t%s\t%s\n", f->format ? f->format : "-", f->lang ? f->lang : "-");
    }
}

/* By the first bytes of the files: nothing is parsed. */
static enum err list_operands(struct job *j, char *const *operands, struct inputs *in,
                              struct errinfo *e)
{
    for (char *const *p = operands; *p; p++) {
        enum err code = job_list(j, &j->set.ledger, *p, e);
        if (!code) continue;
        if (code == E_INTR || code == E_USAGE || j->o->fail_fast) return code;
        enum exit_code said = term_fail(j->t, j->stage, e);
        if (!in->failed++) in->first_failure = said;
        err_clear(e);
    }
    report_ledger(j->t, j->o, &j->set, operands);
    read_ledger(in, &j->set);
    return OK;
}

/* The shape follows from what was asked for, not from what could be read.  An archive is known by
 * its documents: they lie inside the operand. */
static bool wants_titles(char *const *operands, const struct docset *set)
{
    struct stat st;
    const char *path = set->n ? set->v[0]->path : NULL;
    if (operands[0] && operands[1]) return true;
    if (set->n > 1 || (path && operands[0] && strcmp(path, operands[0]))) return true;
    return operands[0] && strcmp(operands[0], "-") && !stat(operands[0], &st) &&
           S_ISDIR(st.st_mode);
}

static enum err print(struct job *j, struct output *out, const struct buf *b, struct errinfo *e)
{
    term_clear(j->t);
    j->stage = STAGE_OUTPUT;
    TRY(output_put(out, b->s, b->n, e));
    return output_close(out, e);
}

static enum err print_docs(struct job *j, struct output *out, bool titled, struct errinfo *e)
{
    struct buf b = {0};
    if (j->o->chunks) add_chunks(&b, j);
    for (size_t i = 0; !j->o->chunks && i < j->set.n; i++)
        add_doc(&b, j->set.v[i], j->o, titled);
    enum err r = print(j, out, &b, e);
    buf_free(&b);
    return r;
}

static enum err print_list(struct job *j, struct output *out, struct errinfo *e)
{
    struct buf b = {0};
    add_list(&b, &j->set.ledger, !j->o->output && isatty(STDOUT_FILENO));
    enum err r = print(j, out, &b, e);
    buf_free(&b);
    return r;
}

static enum err text(struct job *j, struct output *out, char *const *operands, struct inputs *in,
                     struct errinfo *e)
{
    j->stage = STAGE_OUTPUT;
    TRY(output_open(out, j->o->output, e));
    TRY(job_prepare(j, e));
    if (j->o->list) {
        TRY(list_operands(j, operands, in, e));
        return print_list(j, out, e);
    }
    TRY(read_operands(j, operands, in, e));
    return j->set.n ? print_docs(j, out, wants_titles(operands, &j->set), e) : OK;
}

static bool any_used(const struct ledger *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].status == LEDGER_USED) return true;
    return false;
}

enum exit_code cmd_text(const struct options *o, struct term *t, char *const *operands)
{
    struct job j;
    struct output out = {0};
    struct inputs in = {0};
    struct errinfo e = {0};
    enum exit_code code;
    job_init(&j, o, t);
    if (text(&j, &out, operands, &in, &e)) code = term_fail(t, j.stage, &e);
    else code = any_used(&j.set.ledger) ? read_code(&in, o) : in.first_failure;
    output_drop(&out);
    job_free(&j);
    term_clear(t);
    return code;
}
