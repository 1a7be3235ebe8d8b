/* serve.h: deepread-extract as a server: one process for each document, without the 14 ms that
 * loading the libraries takes (ingest/request.h has the protocol). */
#ifndef EXTRACT_SERVE_H
#define EXTRACT_SERVE_H

/* What a process does: as main, with descriptors 0 to 3 in place and its limits set; returns the
 * exit status. */
typedef int serve_run(int argc, char **argv);

/* Answers requests on the socket until it is closed.  Returns the server's exit status. */
int serve(int control, serve_run *run);

#endif
