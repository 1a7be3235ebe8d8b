/* html_math.h: formulas in MathML as one line of text.
 *
 * A formula that carries its own words or TeX is these (html_scan.c).  Any other is written in the
 * order of its parts, with the signs that TeX and calculators use: fractions a/b, x^2, x_i,
 * sum_(i=1)^n, roots, rows of matrices between ; and cells between , inside brackets. */
#ifndef EXTRACT_HTML_MATH_H
#define EXTRACT_HTML_MATH_H

#include "extract/html_tree.h"

/* What stands around an element of a formula. */
struct math_signs {
    char before[16], after[8];
    bool apart_before, apart_after; /* a blank stands there */
};

/* n is inside a math element or is one; facts and sums are known.
 * Cost: 64 neighbours on either side, and the children of n and of what alone is below it, 64 deep. */
struct math_signs math_signs(const xmlNode *n);

/* Whether a `sup` behind `before` is an exponent, and no note and no ending: 10^6, m^2, x^n. */
bool math_is_power(const xmlNode *n, struct str before);

/* The name of an element without the prefix that books give it: "m:math". */
const char *math_name(const char *name);

bool math_is_formula(const xmlNode *n); /* a math element          */
bool math_is_block(const xmlNode *n);   /* ... on lines of its own */
bool math_is_unseen(const xmlNode *n);  /* notes about a formula   */
/* Text below n keeps the blanks at its ends. */
bool math_is_words(const xmlNode *n);

#endif
