/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.h - what the daemon says of a resource whenever it changes, shown each time.
 */
#ifndef SLUICECTL_WATCH_H
#define SLUICECTL_WATCH_H

#include "command.h"

#include <jansson.h>

typedef void watch_show_fn(const struct invocation *invocation, const json_t *object,
			   const void *context);

/*
 * Until it is killed, or --timeout is over: 0. A stream that ends is taken up again where it was; a
 * daemon that is gone is an exit status. On a terminal each look is drawn over the one before; with
 * -o json each is a line.
 */
int watch_run(const struct invocation *invocation, const char *path, watch_show_fn *show,
	      const void *context);

#endif
