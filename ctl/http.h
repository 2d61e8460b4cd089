/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http.h - one request to the daemon.
 */
#ifndef SLUICECTL_HTTP_H
#define SLUICECTL_HTTP_H

#include "command.h"

#include <jansson.h>
#include <stddef.h>

struct http_request {
	const char *method;
	const char *path; /* with the query, escaped */
	const char *body; /* NULL: none */
	size_t size;
};

/*
 * 0, and the body of a 200 in *ret_text (caller frees; *ret_size may be NULL). Else an exit status,
 * and the daemon's errors, or why it could not be asked, have been printed.
 */
int http_text(const struct invocation *invocation, const struct http_request *request,
	      char **ret_text, size_t *ret_size);
/* The same for a JSON object; caller drops the reference. */
int http_json(const struct invocation *invocation, const struct http_request *request,
	      json_t **ret_object);
int http_get(const struct invocation *invocation, const char *path, json_t **ret_object);

/*
 * An answer without end, line by line, without line feeds. 0: the daemon hung up, or fell silent; else
 * an exit status, and why it refused has been printed.
 */
typedef void http_line_fn(void *context, const char *line);
int http_lines(const struct invocation *invocation, const char *path, http_line_fn *take,
	       void *context);

/* Prints the problem that came instead of an answer; the exit status. `text` may be NULL. */
int http_fail(const struct invocation *invocation, long status, const char *text);

/* Escaped for a path or a query. Caller frees. */
char *http_escape(const char *text);

#endif
