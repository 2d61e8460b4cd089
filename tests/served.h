/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * served.h - the real API, changes and store over the fake engine, on a Unix socket in a directory of its own, and a
 * client that sends bytes as they are. Server and client share the test's one thread.
 */
#ifndef SLUICE_TESTS_SERVED_H
#define SLUICE_TESTS_SERVED_H

#include "fake_engine.h"

#include <jansson.h>

struct served {
	struct fake *fake;
	struct event_base *base;
	struct api *api;
	struct store *store;
	struct events *events;
	struct overrides *overrides;
	struct change *change;
	char directory[64];
	char socket[80];
	char state[80];	       /* directory */
	char view[80];	       /* to look by */
	uint16_t port;	       /* of api.listen, if the configuration has it; host order */
	uint16_t metrics_port; /* 127.0.0.1; host order */
};

/* The configuration that all tests begin with. */
extern const char served_config[];

struct served served_start(const char *config);
/* The same in a directory that is there, with api.crt, api.key and tokens as api.listen needs them. */
void served_begin(struct served *served, const char *config);
void served_stop(struct served *served);

int served_connect(const struct served *served);
int served_connect_to(const char *path);
int served_connect_metrics(const struct served *served);
/* Lets the loop run until nothing more is to be done. */
void served_pump(const struct served *served);
/* Sends the bytes and returns all that comes back until the other end closes. Caller frees. */
char *served_send(const struct served *served, int fd, const void *bytes, size_t size);
/* A whole request. *ret_status is of HTTP; returns the body. Caller frees. */
char *served_ask(const struct served *served, const char *method, const char *path,
		 const char *header, const char *body, int *ret_status);
/* The same for JSON answers, of which the status must be as given. Caller drops the reference. */
json_t *served_json(const struct served *served, const char *method, const char *path,
		    const char *body, int status);

int served_status(const char *answer);

#endif
