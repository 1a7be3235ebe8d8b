/* prompt_set.h: what render.c knows of a prompt set. */
#ifndef PROMPTS_PROMPT_SET_H
#define PROMPTS_PROMPT_SET_H

#include "prompts/prompts.h"

/* A template is text with variables {name}; every other brace is text.  The newline that ends its
 * file does not belong to it.  A line that names a variable without a value is left out, together
 * with the line end before it.
 *
 *   {question}  of answer: the question         {focus}   of summarize and review: what to look at
 *   {schema}    the schema of the reply in one line, without the marks for the decoder ("x-...") */
struct str prompt_set_template(const struct prompt_set *p, enum task t);
struct str prompt_set_shown_schema(const struct prompt_set *p, enum task t);

/* The variable that starts at s[0,n), without its braces; empty when s does not start one. */
struct str prompt_set_variable(const char *s, size_t n);

#endif
