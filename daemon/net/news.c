/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/news.h"

#include "base/memory.h"
#include "net/kernel.h"

#include <event2/event.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Read at one go; the rest comes at the loop's next turn. */
#define NEWS_BURST 64

struct news {
	struct nl_sock *sock; /* owned */
	struct event *event;  /* owned */
	news_fn *heard;
	void *context;
};

static bool parse_route(struct nlmsghdr *header, struct news_item *item)
{
	const struct rtmsg *route = nlmsg_data(header);
	struct nlattr *attribute[RTA_MAX + 1];

	if (nlmsg_parse(header, sizeof(*route), attribute, RTA_MAX, NULL) < 0)
		return false;
	if (route->rtm_family != AF_INET && route->rtm_family != AF_INET6)
		return false;
	item->subject = NEWS_PREFIX;
	item->prefix.bits = route->rtm_dst_len;
	/* A default route has no address. */
	if (!kernel_address(attribute[RTA_DST], &item->prefix.address))
		item->prefix.address.family = route->rtm_family == AF_INET ? 4 : 6;
	return true;
}

static bool parse_neighbour(struct nlmsghdr *header, struct news_item *item)
{
	const struct ndmsg *neighbour = nlmsg_data(header);
	struct nlattr *attribute[NDA_MAX + 1];

	if (nlmsg_parse(header, sizeof(*neighbour), attribute, NDA_MAX, NULL) < 0)
		return false;
	item->subject = NEWS_NEIGHBOUR;
	item->ifindex = neighbour->ndm_ifindex;
	return kernel_address(attribute[NDA_DST], &item->prefix.address);
}

static int on_notice(struct nl_msg *message, void *context)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct news_item item = {.subject = NEWS_EVERYTHING};
	struct news *news = context;
	bool matters = true;

	switch (header->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE: matters = parse_route(header, &item); break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH: matters = parse_neighbour(header, &item); break;
	}
	if (matters)
		news->heard(news->context, &item);
	return NL_OK;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct news *news = context;
	int result = 0;

	for (int i = 0; i < NEWS_BURST && result >= 0; i++)
		result = nl_recvmsgs_default(news->sock);
	/* Whatever else went wrong (ENOBUFS: notices were lost), asking again is right. */
	if (result < 0 && result != -NLE_AGAIN)
		news->heard(news->context, &(struct news_item){.subject = NEWS_EVERYTHING});
}

static int subscribe(struct nl_sock *sock)
{
	int error = nl_connect(sock, NETLINK_ROUTE);

	if (!error)
		error = nl_socket_add_memberships(
			sock, RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
			RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,
			RTNLGRP_IPV6_RULE, RTNLGRP_NEXTHOP, RTNLGRP_NONE);
	return error;
}

int news_new(struct event_base *base, news_fn *heard, void *context, struct news **ret_news,
	     struct sl_errors *errors)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct news *news;
	int error;

	if (!sock)
		sl_out_of_memory();
	error = subscribe(sock);
	if (error) {
		nl_socket_free(sock);
		return sl_fail(errors, EIO, "netlink", "cannot follow the kernel's routes: %s",
			       nl_geterror(error));
	}
	news = sl_calloc(1, sizeof(*news));
	*news = (struct news){.sock = sock, .heard = heard, .context = context};
	nl_socket_disable_seq_check(sock);
	nl_socket_set_nonblocking(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_notice, news);
	news->event =
		event_new(base, nl_socket_get_fd(sock), EV_READ | EV_PERSIST, on_readable, news);
	if (!news->event || event_add(news->event, NULL))
		sl_out_of_memory();
	*ret_news = news;
	return 0;
}

void news_free(struct news *news)
{
	if (!news)
		return;
	event_free(news->event);
	nl_socket_free(news->sock);
	free(news);
}

bool news_covers(const struct news_item *item, const struct address *address)
{
	const struct prefix *prefix = &item->prefix;
	const uint8_t *a = (const uint8_t *)prefix->address.word_be;
	const uint8_t *b = (const uint8_t *)address->word_be;
	unsigned bytes = prefix->bits / 8;
	uint8_t mask = 0xff00 >> prefix->bits % 8;

	if (prefix->address.family != address->family || memcmp(a, b, bytes))
		return false;
	return !mask || !((a[bytes] ^ b[bytes]) & mask);
}
