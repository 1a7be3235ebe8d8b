/* html_stream.h: pages that servers send in parts.
 *
 * React, and what is built on it, sends the slow parts of a page behind the rest, each in a hidden box
 * "S:3", and a script moves them to where an empty template "B:3" or "P:3" keeps their place. */
#ifndef EXTRACT_HTML_STREAM_H
#define EXTRACT_HTML_STREAM_H

#include <libxml/HTMLparser.h>

/* Of more places only so many are known: two for each of the parts that are moved. */
enum { STREAM_PARTS = 256, STREAM_PLACES = 2 * STREAM_PARTS };

/* Moves each part behind the first template of its number, and shows it.  Before tree_prepare.  A part without a
 * place, and those after the first STREAM_PARTS, stay where they are; the former are shown.  Unlike the
 * scripts, it does not take away what the reader sees meanwhile ("Loading..."), which comments enclose that
 * html_scan does not keep, and it does not read the calls that may pair a part with a template of another
 * number.  Cost: linear in the page. */
void stream_settle(xmlNode *root);

#endif
