#include "extract/extract.h"
enum err read_html(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e)
{ (void)b;(void)o;(void)name;(void)bytes;(void)n; return err_set(e,E_UNSUPPORTED,"later"); }
