/* html_tree.h: what the choice of the main content needs to know about libxml2's tree. */
#ifndef EXTRACT_HTML_TREE_H
#define EXTRACT_HTML_TREE_H

#include <libxml/HTMLparser.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/str.h"

enum html_tag {
    TAG_OTHER,
    TAG_A,
    TAG_ADDRESS,
    TAG_ARTICLE,
    TAG_ASIDE,
    TAG_BLOCKQUOTE,
    TAG_BODY,
    TAG_BR,
    TAG_BUTTON,
    TAG_CAPTION,
    TAG_CODE,
    TAG_DD,
    TAG_DETAILS,
    TAG_DIALOG,
    TAG_DIV,
    TAG_DL,
    TAG_DT,
    TAG_FIELDSET,
    TAG_FIGCAPTION,
    TAG_FIGURE,
    TAG_FOOTER,
    TAG_FORM,
    TAG_H1,
    TAG_H2,
    TAG_H3,
    TAG_H4,
    TAG_H5,
    TAG_H6,
    TAG_HEAD,
    TAG_HEADER,
    TAG_HR,
    TAG_IMG,
    TAG_INPUT,
    TAG_KBD,
    TAG_LABEL,
    TAG_LI,
    TAG_MAIN,
    TAG_NAV,
    TAG_OL,
    TAG_P,
    TAG_PRE,
    TAG_SECTION,
    TAG_SUMMARY,
    TAG_TABLE,
    TAG_TBODY,
    TAG_TD,
    TAG_TFOOT,
    TAG_TH,
    TAG_THEAD,
    TAG_TITLE,
    TAG_TR,
    TAG_TT,
    TAG_UL,
    TAG_ALT /* words about a picture (html_scan.h) */
};

/* Sums over what is below a node and not dropped.  Lengths are code points with white space
 * collapsed and marks (html_scan.h) not counted. */
struct html_sums {
    int chars, link_chars, heading_chars, linked_heading_chars, list_chars, commas;
    int p, img, li, input, blocks;
};

struct html_facts {
    enum html_tag tag;
    bool hidden; /* no browser shows it                                   */
    bool tiny;   /* its letters have no size                              */
    bool drop;   /* neither it nor what is below it is content            */
    bool keep;   /* part of the chosen main content                       */
    bool lead;   /* it, or what is below it, begins the article (html_lead.h) */
    bool said;   /* it, or what is below it, is a post of somebody (html_talk.h)    */
    bool card; /* one of a row that calls out other pages (html_cards.h)  */
    bool data_table;
    bool counted; /* item, of a list, is set                              */
    int item;     /* number of the next item of an ordered list           */
    int depth;
    float score;
    int named;    /* bits of html_names.h: what class and id say; 0: not yet looked at */
    bool scored;
    bool summed;  /* a text node's sum is known, and stays: its characters do not change */
    struct html_sums sum;
};

/* Every element and text node has facts once tree_prepare returned. */
static inline struct html_facts *tree_facts(const xmlNode *n)
{
    return n->_private;
}

/* Gives facts to all nodes, hides and drops what no browser shows (`show`: but for what was never
 * meant to be shown, all is kept).  Memory: arena.  Returns how deep the tree is. */
int tree_prepare(xmlNode *root, bool show, struct arena *a);

/* How a word is read, written above it: it is hidden, since within the line it would part the word. */
bool tree_is_reading(const xmlNode *n);

/* Characters of text below a hidden node that a reader was not meant to miss: not those of buttons.
 */
size_t tree_hidden_chars(const xmlNode *n);

/* Fills sum of every node that is not dropped.  Linear. */
void tree_sum(xmlNode *root);

/* The next node in document order below root, or NULL.  `over`: skip what is below n. */
xmlNode *tree_next(xmlNode *n, const xmlNode *root, bool over);
/* The same, never entering what is dropped. */
xmlNode *tree_next_kept(xmlNode *n, const xmlNode *root);

bool tree_has_attr(const xmlNode *n, const char *name);
/* The value of an attribute, borrowed; "" when there is none. */
const char *tree_attr(const xmlNode *n, const char *name);
/* The head of n's page; NULL when there is none. */
const xmlNode *tree_head(const xmlNode *n);
/* Whether it says that the page is an article of a site (og:type). */
bool tree_says_article(const xmlNode *n);
/* Whether n is up, or below it. */
bool tree_is_in(const xmlNode *n, const xmlNode *up);
/* Whether an element of one of two kinds is above n. */
bool tree_inside(const xmlNode *n, enum html_tag a, enum html_tag b);
bool tree_in_data_table(const xmlNode *n); /* n may be one; they are known (html_clean.h) */
bool tree_is_block(enum html_tag t);
int tree_heading_level(enum html_tag t); /* 1..6, or 0 */
float tree_link_density(const xmlNode *n);
int tree_own_chars(const xmlNode *n); /* characters that are in no link */

#endif
