/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * put.h - how a task gets into the store's thread.
 */
#ifndef SLUICE_STATE_PUT_H
#define SLUICE_STATE_PUT_H

#include "base/error.h"

struct store;
struct task;

/* Takes the task in any case. */
int store_put(struct store *store, struct task *task, struct sl_errors *errors);

#endif
