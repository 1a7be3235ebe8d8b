/* html_phrases.h: what pages say around their text: "See also", "Follow us", "Advertisement". */
#ifndef EXTRACT_HTML_PHRASES_H
#define EXTRACT_HTML_PHRASES_H

#include "extract/html_tree.h"

enum phrase {
    PHRASE_NONE,
    PHRASE_POINTS, /* begins by pointing to other pages: "Read also: ..."        */
    PHRASE_CALLS,  /* begins by asking the reader for something: "Subscribe to our ...", or is
                    * nothing but a word that buttons have: "Print" */
    PHRASE_EMPTY   /* is nothing but a word that is said beside texts: "Advertisement" */
};

/* What the text below n begins with, or is.  Cost: the first 100 bytes of it. */
enum phrase phrase_of(const xmlNode *n);

/* Whether that text has an address in it: "https://". */
bool phrase_has_address(const xmlNode *n);

#endif
