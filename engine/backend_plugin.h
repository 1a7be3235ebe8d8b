/* backend_plugin.h: the CUDA backend, which lives in a library of its own so that the program
 * starts where no CUDA is. */
#ifndef ENGINE_BACKEND_PLUGIN_H
#define ENGINE_BACKEND_PLUGIN_H

#include "engine/backend.h"

#define BACKEND_PLUGIN "libdeepread-cuda.so"

/* Loads the library once and keeps it until the end.  It is looked for beside the program, above it
 * (tests and benchmarks in a build folder) and in ../lib/deepread.  E_DEVICE with the reason when it
 * is not there, cannot be loaded, or was built from another version of the table. */
enum err backend_plugin(const struct backend **out, struct errinfo *e);

#endif
