/* SPDX-License-Identifier: ISC
 *
 * COMMAND of run: started once the secrets are there, told of changes, and ended with us. It is in a group of its own, with the terminal
 * where there is one. Its end is ours: it is not supervised.
 */
#ifndef SECRETDIR_APPLICATION_H
#define SECRETDIR_APPLICATION_H

#include "process/loop.h"
#include "secretdir/options.h"

struct application {
	char *const *argv; /* NULL: there is none */
	const struct secret_options *options;
	struct loop *loop;
	struct child child;
	struct terminal terminal;
	int64_t told;	    /* the generation that it has, or was told of; 0: it was not started */
	int64_t restart_ms; /* when it may be started anew; -1: it is not to be */
	bool is_ending;
};

void application_init(struct application *application, char *const *argv, const struct secret_options *options,
		      struct loop *loop);
/* What is live is this generation: starts COMMAND, tells it of a change, or does nothing. -1: it cannot be started, and *status is what
 * we end with. */
int application_update(struct application *application, int64_t generation, int *status);
/* Whether this child was COMMAND, which has ended; *status is what we end with, -1: it is to be started anew. */
bool application_take_end(struct application *application, const struct child *child, int *status);
/* Does what is due; when it is next: application->restart_ms. */
int application_restart_due(struct application *application, int *status);
/* Hands a signal on. */
void application_send(const struct application *application, int signal);
/* Asks it to end; asked again, kills it. */
void application_end(struct application *application);
void application_close(struct application *application);

#endif
