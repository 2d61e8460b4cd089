/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * problem.h - the kinds of problem that an answer can be, one for each status (RFC 9457). Pure.
 */
#ifndef SLUICE_API_PROBLEM_H
#define SLUICE_API_PROBLEM_H

#define PROBLEM_PREFIX "urn:sluice:problem:"

/* X(status of HTTP, "word", meaning): the word behind the prefix is the problem's type. */
#define PROBLEMS(X)                                                                                \
	X(400, "bad-request", "the request or its body is wrong")                                  \
	X(401, "no-token", "no token, an unknown one or one that has expired")                     \
	X(403, "forbidden", "the role is not enough, or the token is not for this address")        \
	X(404, "not-found", "no such resource, no such backend, or no such generation")            \
	X(405, "method", "this resource has no such method; `Allow` says which it has")            \
	X(408, "too-slow", "the head did not arrive in time")                                      \
	X(409, "conflict",                                                                         \
	  "another change waits to be confirmed, none does, or more slots would move than "        \
	  "`max-move` allows")                                                                     \
	X(412, "generation", "`If-Match` names another generation than the one in force")          \
	X(413, "too-large", "the body is too large, or none belongs here")                         \
	X(421, "wrong-host", "`Host` is none that is served here")                                 \
	X(422, "configuration",                                                                    \
	  "the configuration has errors, can't be carried out, or not without a restart")          \
	X(429, "too-many-requests", "`Retry-After` says in how many seconds again")                \
	X(431, "head-too-large", "the head is too large")                                          \
	X(500, "failed",                                                                           \
	  "the change failed and nothing has changed, or the maps or the loader can't be read")    \
	X(501, "coding", "a transfer coding other than `chunked`")                                 \
	X(503, "busy",                                                                             \
	  "too many connections; or the store does not answer, and what was asked for needs it")   \
	X(505, "version", "neither HTTP/1.0 nor HTTP/1.1")

struct problem {
	unsigned status;
	const char *type; /* the whole URI */
	const char *meaning;
};

/* In the order above, ended by one without a type. */
extern const struct problem problem_table[];

/* "about:blank" for a status that is not in the list. */
const char *problem_type(unsigned status);

#endif
