/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request.h - one request as the resources see it, and its answer.
 *
 * A resource fills the answer once, with one of the answer_ functions; or it leaves it as it is, keeps
 * the request, and calls request_answer() once, later or from within. Until then the request stays.
 */
#ifndef SLUICE_API_REQUEST_H
#define SLUICE_API_REQUEST_H

#include "api/api.h"

#include <jansson.h>

struct MHD_Connection;
struct MHD_Response;

struct request {
	struct MHD_Connection *connection; /* borrowed */
	const char *rest; /* borrowed: the path behind the route's: "web/web1"; "" if nothing */
	char *body;	  /* owned; terminated beyond `size` */
	size_t size;
	uid_t uid;	      /* of the client; -1: not by a Unix socket */
	const char *actor;    /* borrowed: "uid:1000", for log and history */
	const char *trace_id; /* borrowed: of the trace that this belongs to */
};

struct answer {
	unsigned status;	     /* of HTTP; 0: not filled */
	const char *type;	     /* static: the media type */
	char *text;		     /* owned until it is sent */
	uint64_t generation;	     /* sent as ETag */
	struct MHD_Response *stream; /* owned: instead of a text */
};

/* NULL if absent; "" for a parameter without a value. Borrowed from the request. */
const char *request_query(const struct request *request, const char *name);
const char *request_header(const struct request *request, const char *name);

/* Sends it, and ends the request. */
void request_answer(const struct request *request, struct answer *answer);

/* The library goes on with a stream that suspended its connection. */
void request_resume(const struct request *request);

/* An object with apiVersion, kind and generation. */
json_t *answer_new_object(const struct api_context *context, const char *kind);
/* 200; takes the object. */
void answer_object(struct answer *answer, json_t *object);
/* 200; takes the text. */
void answer_text(struct answer *answer, const char *type, char *text);
/* A problem object. Empties `errors`, which may be NULL. */
void answer_problem(struct answer *answer, unsigned status, const char *title,
		    struct sl_errors *errors);

/* 412: If-Match names another generation. */
void answer_conflict(const struct api_context *context, struct answer *answer);

/* The array "errors" of a problem object. */
json_t *answer_errors(const struct sl_errors *errors);

#endif
