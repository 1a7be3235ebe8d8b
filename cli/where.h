/* where.h: where the model's folder is. */
#ifndef CLI_WHERE_H
#define CLI_WHERE_H

#include "base/err.h"
#include "base/mem.h"

#define MODEL_DEFAULT "deepread-150m"

/* name: a folder, or the name of an installed model; NULL: the embedded one.  Looked for beside
 * the executable (a build tree) and in PREFIX/share/deepread/models.  *dir lives in the arena.
 * E_IO says where it looked and what to do. */
enum err where_model(const char **dir, struct arena *a, const char *name, struct errinfo *e);

#endif
