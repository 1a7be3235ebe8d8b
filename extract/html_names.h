/* html_names.h: what the class and the id of an element say about it.
 *
 * Names are compared word by word: "articleBody", "article__body" and "article-body" are the same
 * two words. */
#ifndef EXTRACT_HTML_NAMES_H
#define EXTRACT_HTML_NAMES_H

#include "extract/html_tree.h"

enum name_bits {
    NAMED_KNOWN = 1 << 0,
    NAMED_UNLIKELY = 1 << 1, /* menus, banners and the like                                */
    NAMED_NEVER = 1 << 2,    /* never part of a text, wherever it stands, and CLASS_BAD or ID_BAD */
    NAMED_SHARING = 1 << 3,
    NAMED_BYLINE = 1 << 4,
    NAMED_CERTAIN = 1 << 5, /* the body of an article                                     */
    NAMED_CAPTION = 1 << 6,
    CLASS_GOOD = 1 << 7,
    CLASS_BAD = 1 << 8,
    ID_GOOD = 1 << 9,
    ID_BAD = 1 << 10,
    NAMED_LEAD = 1 << 11,  /* the sentences that begin an article                       */
    NAMED_UNSEEN = 1 << 12, /* for those who hear a page: it says how to get along in it */
    NAMED_NOTE = 1 << 13,   /* a step, a warning, a quotation: text, whatever its box is like */
    NAMED_POPUP = 1 << 14,  /* laid over a page, or about something beside it: not its lead   */
    NAMED_PLACE = 1 << 15,  /* the place of a text: NAMED_UNLIKELY is said of how it looks    */
    NAMED_FORUM = 1 << 16,  /* people talk to each other here                                 */
    NAMED_TALK = 1 << 17,   /* what one of them says, or all of it                            */
    NAMED_FRAME = 1 << 18,  /* as NAMED_UNLIKELY, where it holds no prose                       */
    NAMED_POST = 1 << 19    /* what somebody posted, without who did and when                  */
};

/* The bits of an element, looked up once. */
int names_of(const xmlNode *n);

/* Names or attributes say that n is the body of an article. */
bool names_say_body(const xmlNode *n);

/* What the names of n say against comments and answers does not count any more. */
void names_forget(xmlNode *n);

/* Points for what class and id say, below 0 where they speak against text. */
int names_weight(const xmlNode *n);

#endif
