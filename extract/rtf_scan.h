/* rtf_scan.h: the syntax of RTF: groups, control words, text. */
#ifndef EXTRACT_RTF_SCAN_H
#define EXTRACT_RTF_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum rtf_kind {
    RTF_OPEN,   /* {                                                     */
    RTF_CLOSE,  /* }                                                     */
    RTF_WORD,   /* \word or \word-12: name, has_number, number           */
    RTF_SYMBOL, /* \~ and its like: name[0]                              */
    RTF_BYTE,   /* \'e9: byte                                            */
    RTF_TEXT,   /* bytes as they are, without line ends: [from, to)      */
    RTF_END
};

struct rtf_token {
    enum rtf_kind kind;
    char name[33]; /* cut there */
    bool has_number;
    long number;
    unsigned char byte;
    size_t from, to; /* of the source */
};

/* The token at *at, which moves behind it.  The data of \bin is passed by. */
struct rtf_token rtf_next(const char *s, size_t n, size_t *at);

#endif
