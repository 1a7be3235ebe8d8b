#include "extract/call.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/wire.h"

static bool take_number(int *out, const char *value, long least)
{
    char *end;
    long n = strtol(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || n < least || n > INT_MAX) return false;
    *out = (int)n;
    return true;
}

static bool take_ocr(enum ocr_use *out, const char *value)
{
    for (size_t i = 0; wire_ocr_words[i]; i++)
        if (strcmp(value, wire_ocr_words[i]) == 0) {
            *out = (enum ocr_use)i;
            return true;
        }
    return false;
}

static bool take_option(struct call *c, const char *arg)
{
    static const char *const names[] = {"--name=", "--pages=", "--encoding=", "--password-fd=",
                                        "--jobs=", "--ocr=", "--ocr-lang=", "--ocr-ms="};
    const char *value = NULL;
    size_t i = 0;
    if (strcmp(arg, "--show-hidden") == 0) return c->o.show_hidden = true;
    if (strcmp(arg, "--apart") == 0) return c->apart = true;
    for (; i < sizeof names / sizeof *names && !value; i++)
        if (strncmp(arg, names[i], strlen(names[i])) == 0) value = arg + strlen(names[i]);
    if (!value) return false;
    if (i == 1) c->name = value;
    if (i == 2) c->o.pages = value;
    if (i == 3) c->o.encoding = value;
    if (i == 4) return take_number(&c->password_fd, value, 3);
    if (i == 5) return take_number(&c->o.jobs, value, 1);
    if (i == 6) return take_ocr(&c->o.ocr, value);
    if (i == 7) c->o.ocr_lang = value;
    if (i != 8) return true;
    return c->o.ocr_timed = take_number(&c->o.ocr_ms, value, 0);
}

bool call_take(struct call *c, int argc, char *const *argv)
{
    *c = (struct call){.name = "document", .password_fd = -1};
    if (argc < 2) return false;
    c->format = argv[1];
    for (int i = 2; i < argc; i++)
        if (!take_option(c, argv[i])) return false;
    return true;
}
