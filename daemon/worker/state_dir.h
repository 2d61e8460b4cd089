/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state_dir.h - the worker's own directory, made for it before privileges are dropped.
 */
#ifndef SLUICE_WORKER_STATE_DIR_H
#define SLUICE_WORKER_STATE_DIR_H

#include "base/error.h"

#include <sys/types.h>

/*
 * Makes it, of mode 0700 and the worker's, if it isn't there; parents are root's and 0755. One that is
 * there is not touched: what others own, or what is no directory, is an error. Nothing in it is read.
 */
int state_dir_make(const char *path, uid_t uid, gid_t gid, struct sl_errors *errors);

#endif
