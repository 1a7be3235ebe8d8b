/* where.h: where the model's folder is, and the cache's. */
#ifndef CLI_WHERE_H
#define CLI_WHERE_H

#include "base/err.h"
#include "base/mem.h"

#define MODEL_DEFAULT "deepread-150m"

/* name: a folder, or the name of an installed model; NULL: the embedded one.  Looked for beside
 * the executable (a build tree) and in PREFIX/share/deepread/models.  *dir lives in the arena.
 * E_IO says where it looked and what to do. */
enum err where_model(const char **dir, struct arena *a, const char *name, struct errinfo *e);

/* The folder of the cache: `option`, else $XDG_CACHE_HOME/deepread, else $HOME/.cache/deepread.
 * E_USAGE when there is none of them. */
enum err where_cache(const char **dir, struct arena *a, const char *option, struct errinfo *e);

#endif
