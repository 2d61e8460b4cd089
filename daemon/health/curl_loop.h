/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * curl_loop.h - libcurl's multi interface in the libevent loop: transfers that block nobody.
 */
#ifndef SLUICE_HEALTH_CURL_LOOP_H
#define SLUICE_HEALTH_CURL_LOOP_H

#include <curl/curl.h>

struct curl_loop;
struct event_base;

/* From the loop, when the transfer is over; `easy` is out of the loop and the caller's again. */
typedef void curl_loop_done_fn(CURL *easy, CURLcode code);

/* NULL when libcurl can't be initialised. */
struct curl_loop *curl_loop_new(struct event_base *base, curl_loop_done_fn *done);
/* All transfers have been removed or are done. */
void curl_loop_free(struct curl_loop *loop);

/* Borrows `easy` until it is done or removed. */
void curl_loop_add(struct curl_loop *loop, CURL *easy);
/* Not from within a callback of libcurl's. */
void curl_loop_remove(struct curl_loop *loop, CURL *easy);

#endif
