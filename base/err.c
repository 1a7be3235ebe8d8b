#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err err_set(struct errinfo *e, enum err code, const char *fmt, ...)
{
    if (!e) return code;
    if (e->code) return e->code;
    e->code = code;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    /* Names come from outside: a message stays one line, whatever a file is called. */
    for (char *p = e->msg; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = '?';
    return code;
}

void err_clear(struct errinfo *e)
{
    if (!e) return;
    e->code = OK;
    e->msg[0] = '\0';
}
