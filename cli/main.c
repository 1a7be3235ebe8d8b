#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/lists.h"
#include "cli/output.h"

/* ------------------------------------------------------------------ the commands */

static const struct opt_group *const ask_groups[] = {
    &group_ask,   &group_input,   &group_result, &group_reply,
    &group_model, &group_machine, &group_cache,  &group_general, NULL};
static const struct opt_group *const summarize_groups[] = {
    &group_summarize, &group_input,   &group_result, &group_reply,
    &group_model,     &group_machine, &group_cache,  &group_general, NULL};
static const struct opt_group *const review_groups[] = {
    &group_review, &group_input,   &group_result, &group_reply,
    &group_model,  &group_machine, &group_cache,  &group_general, NULL};
static const struct opt_group *const plan_groups[] = {
    &group_plan,    &group_ask,   &group_input,   &group_model,
    &group_machine, &group_cache, &group_general, NULL};
static const struct opt_group *const text_groups[] = {&group_text, &group_input, &group_cache,
                                                      &group_general, NULL};
static const struct opt_group *const model_groups[] = {&group_model, &group_machine, &group_general,
                                                       NULL};
static const struct opt_group *const cache_groups[] = {
    &group_input, &group_model, &group_machine, &group_cache, &group_general, NULL};
static const struct opt_group *const doctor_groups[] = {&group_machine, &group_general, NULL};
static const struct opt_group *const help_groups[] = {&group_general, NULL};

const struct cmd commands[] = {
    {"summarize", cmd_summarize, NEEDS_INPUT, "[PATH]...", "Summarize documents, with citations",
     "A PATH is a file, a folder or - for standard input, which is also read when there is no "
     "PATH. All documents make one summary; --each makes one of each.",
     summarize_groups},
    {"ask", cmd_ask, NEEDS_INPUT | NEEDS_QUESTION, "QUESTION [PATH]...",
     "Answer a question, with quotations",
     "A PATH is a file, a folder or - for standard input, which is also read when there is no "
     "PATH. With -Q the questions come from a file and all operands are paths; each is answered on "
     "its own, several at the same time, and written in its place; one that is too long costs a line and "
     "exit code 3. When nothing in the input supports an answer the exit code is 1.",
     ask_groups},
    {"review", cmd_review, NEEDS_INPUT, "[PATH]...", "Review source code",
     "Each file is read on its own, as the model was taught to, and the findings are merged. "
     "A file that does not fit the context costs a line and exit code 3.",
     review_groups},
    {"plan", cmd_plan, NEEDS_INPUT, "[PATH]...", "Say what reading would take, and whether it fits",
     "Counts the prompt's tokens with the model's own tokenizer; exit code 5 when it does not fit. With "
     "-Q it is the plan of all questions of a file, as ask would answer them; exit code 3 when some of them "
     "are too long.",
     plan_groups},
    {"text", cmd_text, NEEDS_INPUT, "[PATH]...", "Print the text that deepread sees",
     "With --map each line follows its page, line, and byte range in the source or (PDF) box on the "
     "page, tabs between. --list looks at the first bytes only, and into archives that are named and mail.",
     text_groups},
    {"model", cmd_model, NEEDS_ACTION, "info", "Describe a model", NULL, model_groups},
    {"cache", cmd_cache, NEEDS_ACTION, "list|show ID|prune|path|warm PATH...|clear",
     "Look after what was read before",
     "What the model has read is kept on disk, and another question about the same documents goes "
     "on from there. list and show say what is kept, path where, warm reads documents ahead for ask "
     "and summarize, prune removes what is damaged or longest unused, clear removes everything.",
     cache_groups},
    {"doctor", cmd_doctor, NEEDS_ACTION, "", "Say what this machine has and what would be used",
     "Processor, memory, for each backend what it is and what its operations compute with, how the "
     "parsers of hostile formats are shut in, and the languages in which text in images is recognised.",
     doctor_groups},
    {"help", cmd_help, NEEDS_ACTION, "[COMMAND]", "Show help for a command", NULL, help_groups},
    {.name = NULL}};

const struct cmd *cmd_find(const char *name)
{
    for (const struct cmd *c = commands; c->name; c++)
        if (!strcmp(c->name, name)) return c;
    return NULL;
}

/* ------------------------------------------------------------------ what a command needs */

static enum exit_code misuse(struct term *t, const struct cmd *c, const char *what)
{
    if (what) term_error(t, "%s", what);
    cmd_help_short(t, c);
    return EXIT_MISUSE;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return a && !stat(a, &x) && !stat(b, &y) && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

/* Whether an operand is the file, or leads into it: archive.zip/member. */
static bool reads_file(const char *file, const char *operand, struct arena *a)
{
    char *path = mem_copy(a, operand, strlen(operand));
    for (;;) {
        if (same_file(file, path)) return true;
        char *slash = strrchr(path, '/');
        if (!slash) return false;
        *slash = '\0';
    }
}

/* Whether an operand where a path should stand is plainly a question. */
static bool is_question(const char *operand)
{
    struct stat st;
    size_t n = strlen(operand);
    return lstat(operand, &st) && n && operand[n - 1] == '?' && strchr(operand, ' ');
}

/* Whether it is plainly an address: https://example.org/page.html. */
static bool is_address(const char *operand)
{
    struct stat st;
    size_t scheme = strspn(operand, "abcdefghijklmnopqrstuvwxyz");
    return scheme && !strncmp(operand + scheme, "://", 3) && lstat(operand, &st);
}

/* Operands that are addresses: nothing is fetched. */
static enum exit_code check_addresses(const struct cmd *c, struct term *t, char *const *operands)
{
    for (char *const *p = operands; *p; p++) {
        if (!is_address(*p)) continue;
        term_error(t, "%s: no such file, and nothing is fetched from the network; "
                   "curl -s ADDRESS | deepread %s ... reads standard input", *p, c->name);
        return misuse(t, c, NULL);
    }
    return EXIT_DONE;
}

/* Operands among which a question was taken for a path. */
static enum exit_code check_questions(const struct cmd *c, const struct options *o, struct term *t,
                                      char *const *operands)
{
    for (char *const *p = operands; *p && (c->needs & NEEDS_QUESTION || o->questions); p++) {
        if (!is_question(*p)) continue;
        term_error(t, o->questions ? "%s: no such file; with -Q (--questions) the questions come from its "
                                     "file and all operands are paths"
                                   : "%s: no such file; the question is the first operand, paths follow", *p);
        return misuse(t, c, NULL);
    }
    return EXIT_DONE;
}

/* Puts the paths of --files-from behind the operands.  A list without any is no input, where nothing else
 * is named; it is not standard input. */
static enum exit_code add_listed(const struct cmd *c, const struct options *o, struct term *t,
                                 char ***operands, int *n, struct arena *a)
{
    char **paths;
    size_t more;
    struct errinfo e = {0};
    enum err r = paths_read(a, o->files_from, &paths, &more, &e);
    if (!r && !more && !*n && c->needs & NEEDS_INPUT)
        r = err_set(&e, E_EMPTY, "%s: holds no path", o->files_from);
    if (r) return term_fail(t, STAGE_INPUT, &e);
    char **all = NEW(a, char *, (size_t)*n + more + 2);
    memcpy(all, *operands, (size_t)*n * sizeof *all);
    memcpy(all + *n, paths, more * sizeof *all);
    *operands = all;
    *n += (int)more;
    return EXIT_DONE;
}

static enum exit_code take_question(const struct cmd *c, struct options *o, struct term *t, const char *text)
{
    o->question = text;
    if (!text[strspn(text, " \t\r\n")]) return misuse(t, c, "ask: the question is empty");
    if (utf8_check(text, strlen(text)) != strlen(text)) return misuse(t, c, "ask: the question must be UTF-8");
    return EXIT_DONE;
}

/* Turns the operands into what the row asks for.  *operands has room for one more. */
static enum exit_code fulfil(const struct cmd *c, struct options *o, struct term *t,
                             char ***operands, int n, struct arena *a)
{
    static char dash[] = "-";
    if (c->needs & NEEDS_QUESTION && !o->questions) {
        if (!n) return misuse(t, c, "ask: no question");
        enum exit_code code = take_question(c, o, t, *(*operands)++);
        if (code) return code;
        n--;
    }
    if (o->files_from && (c->needs & NEEDS_INPUT || n)) { /* else the first would be the action */
        enum exit_code listed = add_listed(c, o, t, operands, &n, a);
        if (listed) return listed;
    }
    if (c->needs & NEEDS_INPUT && !n) {
        if (isatty(STDIN_FILENO)) return misuse(t, c, "no input: name a file or a folder");
        (*operands)[0] = dash;
        (*operands)[1] = NULL;
        n = 1;
    }
    enum exit_code asked = check_questions(c, o, t, *operands);
    if (!asked && c->needs & NEEDS_INPUT) asked = check_addresses(c, t, *operands);
    if (asked) return asked;
    int dashes = (o->questions && !strcmp(o->questions, "-")) + (o->files_from && !strcmp(o->files_from, "-"));
    for (int i = 0; i < n && c->needs & NEEDS_INPUT; i++) {
        if (!*(*operands)[i]) return misuse(t, c, "an operand is empty");
        dashes += !strcmp((*operands)[i], "-");
    }
    for (int i = 0; i < n && c->needs & NEEDS_INPUT; i++)
        if (reads_file(o->output, (*operands)[i], a))
            return misuse(t, c, "-o (--output) names an input, which it would replace");
    if (dashes > 1) return misuse(t, c, "standard input (-) can be read once only");
    return EXIT_DONE;
}

static enum exit_code run_command(const struct cmd *c, int argc, char **argv, struct arena *a)
{
    struct options o = options_default();
    struct term t;
    struct errinfo e = {0};
    int n = 0;
    char **operands = NEW(a, char *, (size_t)argc + 2);
    enum err r = opt_environment(c->groups, &o, a, &e);
    if (!r) r = opt_parse(c->groups, &o, a, argc, argv, operands, &n, &e);
    if (!r && !o.help && !o.version) r = options_check(&o, &e);
    term_init(&t, &o);
    if (r) {
        enum exit_code code = term_fail(&t, STAGE_USAGE, &e);
        cmd_help_short(&t, c);
        return code;
    }
    if (o.help) return cmd_help_print(&t, c);
    if (o.version) return cmd_version(&t);
    enum exit_code code = fulfil(c, &o, &t, &operands, n, a);
    return code ? code : c->run(&o, &t, operands);
}

static void unknown_command(struct term *t, const char *name)
{
    const struct cmd *near = NULL;
    size_t best = 3;
    for (const struct cmd *c = commands; c->name; c++) {
        size_t d = opt_distance(name, strlen(name), c->name, strlen(c->name));
        if (d >= best) continue;
        best = d;
        near = c;
    }
    if (near) term_error(t, "there is no command \"%s\"; did you mean %s?", name, near->name);
    else term_error(t, "there is no command \"%s\"", name);
}

/* A standard descriptor that the caller closed would be taken by the first file opened.  What
 * stands in for it refuses, so that writing to it is still an error. */
static void hold_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
            _exit(EXIT_OUTPUT);
}

/* libgit2 reads the system's certificates when it starts, which takes as long as a walk of two thousand
 * files.  Nothing here goes to the network. */
static void spare_certificates(void)
{
    setenv("SSL_CERT_FILE", "/dev/null", 1);
    setenv("SSL_CERT_DIR", "/dev/null", 1);
}

int main(int argc, char **argv)
{
    hold_descriptors();
    spare_certificates();
    struct options none = options_default();
    struct term t;
    term_init(&t, &none);
    sys_catch_interrupt();
    sys_catch_status();
    sys_catch_bus("deepread: a file of the model or the cache was cut short while it was read\n",
                  EXIT_ENGINE);
    const char *first = argc > 1 ? argv[1] : "";
    const struct cmd *c = cmd_find(first);
    enum exit_code code;
    if (c) {
        struct arena *a = arena_new();
        code = run_command(c, argc - 2, argv + 2, a);
        arena_free(a);
    } else if (!strcmp(first, "-h") || !strcmp(first, "--help")) {
        code = cmd_help_print(&t, NULL);
    } else if (!strcmp(first, "-V") || !strcmp(first, "--version")) {
        code = cmd_version(&t);
    } else if (!strcmp(first, "--man-options")) { /* for the Makefile */
        code = cmd_help_roff(&t);
    } else {
        if (*first == '-') term_error(&t, "options stand after the command, found %s", first);
        else if (*first) unknown_command(&t, first);
        code = misuse(&t, NULL, NULL);
    }
    struct errinfo e = {0};
    if (output_flush(&e) && code == EXIT_DONE) code = term_fail(&t, STAGE_OUTPUT, &e);
    return code;
}
