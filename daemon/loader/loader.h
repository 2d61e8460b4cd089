/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loader.h - the short list of things that need privileges, between two processes.
 *
 * The loader (the parent) keeps root, the program, the links and the pins. The worker (the child)
 * has none of it and asks, over a SOCK_SEQPACKET pair, with fixed-size messages without strings:
 * load the program for a set of features; attach or detach interface number i of the list that the
 * loader read from root's own file, for good or on trial, whose clock is the loader's; run the
 * read-only program on a frame; note that the start is done; set the level of its log; read file number
 * i of the few that only root can. Requests of unknown kind,
 * size, version or bits are refused, descriptors sent along are closed, and the rate is bounded,
 * but for the question of how an interface is attached.
 */
#ifndef SLUICE_LOADER_H
#define SLUICE_LOADER_H

#include "base/error.h"
#include "base/log_level.h"
#include "config/config.h"
#include "dataplane/program.h"

#include <sys/types.h>

/* X(NAME): files of root's that the worker needs the contents of. */
#define LOADER_FILES(X)                                                                            \
	X(CERTIFICATE)                                                                             \
	X(KEY)                                                                                     \
	X(TOKENS)

#define X(name) LOADER_FILE_##name,
enum loader_file { LOADER_FILES(X) LOADER_FILE_COUNT };
#undef X

#define LOADER_FILE_MAX (1u << 20) /* bytes of one */

/* ---- the privileged side --------------------------------------------------------------------- */

/*
 * `files`: their paths; NULL: there is no such one. Serves until the worker is gone or a SIGTERM or SIGINT came (passed on to the worker). SIGHUP is
 * passed on, too. Returns the worker's exit status, or 128 + signal if one ended it: the signal that
 * told us to end, if there was one, else the worker's.
 */
int loader_serve(struct program *program, const struct config_interface *interfaces,
		 size_t n_interfaces, const char *const files[LOADER_FILE_COUNT], int socket,
		 pid_t worker);

/*
 * The contents as they are now, sealed, in a descriptor; or -errno with an error. Refused: what is no
 * plain file or too large; a key that others than owner and group can read; tokens that anybody but
 * the owner can.
 */
int loader_read_file(const char *path, enum loader_file which, struct sl_errors *errors);

/* ---- the worker's side: each blocks for the answer, 5 s at most ------------------------------ */

struct loader;

/* Takes the descriptor. */
struct loader *loader_new(int socket);
void loader_free(struct loader *loader);

/* To be watched by the loop: readable or closed while no request is under way means that the loader
 * is gone. */
int loader_fd(const struct loader *loader);

int loader_load(struct loader *loader, const struct program_config *config,
		struct sl_errors *errors);
/* As a start does: see program_attach_at_start(). */
int loader_start(struct loader *loader, uint32_t interface, struct sl_errors *errors);
/* On trial for that long (SLUICE_TRIAL_MIN_MS to SLUICE_TRIAL_MAX_MS); 0: for good. */
int loader_attach(struct loader *loader, uint32_t interface, uint32_t trial_ms,
		  struct sl_errors *errors);
int loader_detach(struct loader *loader, uint32_t interface, struct sl_errors *errors);
/* How it is attached; CONFIG_MODE_COUNT: it isn't. */
int loader_mode(struct loader *loader, uint32_t interface, enum config_mode *ret_mode,
		struct sl_errors *errors);
/* How long its trial lasts; 0: there is none. */
int loader_left(struct loader *loader, uint32_t interface, uint32_t *ret_ms,
		struct sl_errors *errors);
/* The start is done, see program_started(). */
int loader_ready(struct loader *loader, struct sl_errors *errors);
int loader_explain(struct loader *loader, uint32_t interface, const void *frame, size_t size,
		   struct program_run *ret_run, struct sl_errors *errors);
/* The level of the loader's own lines; LOG_COMPONENT_ALL: of each component. */
int loader_log(struct loader *loader, enum log_component component, enum log_level level,
	       struct sl_errors *errors);
/* The file as it is now, from which the descriptor reads; the caller closes it. */
int loader_file(struct loader *loader, enum loader_file which, int *ret_fd,
		struct sl_errors *errors);

#endif
