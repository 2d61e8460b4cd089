/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * route.h - the table of all that can be asked, and who answers.
 */
#ifndef SLUICE_API_ROUTE_H
#define SLUICE_API_ROUTE_H

#include "api/request.h"
#include "sluice/api.h"

#define ROUTE_BODY_MAX (64u << 10) /* of JSON; configurations may have CONFIG_SIZE_MAX */

/* Where: METRICS routes are also served on the listener for metrics. */
enum route_reach { ROUTE_API, ROUTE_METRICS };

struct route {
	const char *method;
	const char *path; /* with a final "/": the path goes on, see request.rest */
	void (*resource)(const struct api_context *context, const struct request *request,
			 struct answer *answer);
	size_t body_max; /* bytes; 0: takes no body */
	enum route_reach reach;
	enum sluice_role role; /* that it needs at least */
	bool watched;	       /* may be asked with watch=1 (watch.h) */
	const char *help;
};

/* All routes, ended by one without a method. */
extern const struct route route_table[];

/*
 * The route, with the rest of the path; or NULL, and then 404 or 405 in *ret_status and, for 405, the
 * methods there are in `allow`.
 */
const struct route *route_find(const char *method, const char *path, enum route_reach reach,
			       const char **ret_rest, unsigned *ret_status, char allow[32]);

#endif
