/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * news.h - the kernel's notices of changed routes, neighbours, links and addresses, boiled down to:
 * what to ask again.
 */
#ifndef SLUICE_NET_NEWS_H
#define SLUICE_NET_NEWS_H

#include "base/address.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct news;

enum news_subject {
	NEWS_EVERYTHING, /* links, addresses, rules; also after notices were lost */
	NEWS_PREFIX,	 /* routes of addresses under `prefix` */
	NEWS_NEIGHBOUR,	 /* `prefix.address` as a neighbour on `ifindex` */
};

struct news_item {
	enum news_subject subject;
	struct prefix prefix;
	uint32_t ifindex;
};

typedef void news_fn(void *context, const struct news_item *item);

int news_new(struct event_base *base, news_fn *heard, void *context, struct news **ret_news,
	     struct sl_errors *errors);
void news_free(struct news *news);

/* Of NEWS_PREFIX: whether the address stands under it. */
bool news_covers(const struct news_item *item, const struct address *address);

#endif
