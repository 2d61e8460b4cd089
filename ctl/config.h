/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.h - a configuration's file on its way to the daemon, and what would change.
 */
#ifndef SLUICECTL_CONFIG_H
#define SLUICECTL_CONFIG_H

#include "http.h"

/* The invocation's first argument as the body; `query` begins with "&" or is empty. As http_json(). */
int config_send(const struct invocation *invocation, struct http_request *request, const char *path,
		const char *query, json_t **ret_object);
/* Changes, services and warnings of a diff or a commit. */
void config_print_changes(const json_t *object);

#endif
