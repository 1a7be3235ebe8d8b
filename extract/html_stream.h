/* html_stream.h: pages that servers send in parts.
 *
 * React, and what is built on it, sends the slow parts of a page behind the rest, each in a hidden box
 * "S:3", and a script moves them to where an empty template "B:3" or "P:3" keeps their place. */
#ifndef EXTRACT_HTML_STREAM_H
#define EXTRACT_HTML_STREAM_H

#include <libxml/HTMLparser.h>

/* Does what these scripts do.  Before tree_prepare.  A part without a place stays where it is, and is
 * shown.  Cost: linear in the page. */
void stream_settle(xmlNode *root);

#endif
