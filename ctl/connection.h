/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connection.h - how one gets to the daemon: by its Unix socket, or by TCP with a token.
 */
#ifndef SLUICECTL_CONNECTION_H
#define SLUICECTL_CONNECTION_H

#include "command.h"

#include <curl/curl.h>

/*
 * 0, and the handle is set for the path; *ret_headers has been added to. Else an exit status, and why
 * has been printed. *ret_url is the caller's, to be freed after the transfer.
 */
int connection_set_up(const struct invocation *invocation, CURL *curl, const char *path,
		      struct curl_slist **ret_headers, char **ret_url);

/* Prints why there was no answer, and returns the exit status. */
int connection_fail(const struct invocation *invocation, CURLcode code);

/* True if something listens there, or if that can only be told by asking. */
bool connection_is_daemon_there(const struct invocation *invocation);

#endif
