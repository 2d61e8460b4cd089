/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net.c - the watched addresses and what is known of them.
 *
 * News from the kernel only marks addresses; they are asked again together, a moment later, a slice at
 * a time. A slow tick asks even without news, so that nothing wrong lasts, and paces the nudges.
 *
 * A neighbour that the kernel forgot or can't reach keeps its last MAC for KEEP_NS, as long as the next
 * hop is the same: the packet path goes on while the kernel learns it again. A backend that is really
 * gone is the health checks' to find.
 */
#include "net/net.h"

#include "base/clock.h"
#include "base/memory.h"
#include "net/kernel.h"
#include "net/news.h"
#include "net/nudge.h"

#include <event2/event.h>

#include <linux/if_arp.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define MERGE_MS      20  /* of news */
#define SLICE	      256 /* addresses asked in one turn of the loop: some milliseconds */
#define TICK_S	      1
#define KEEP_NS	      (60 * NS_PER_S) /* a lost neighbour's MAC */
#define REFRESH_S     30	      /* a known neighbour is asked about, and nudged if stale */
#define BACKOFF_MAX_S 30	      /* between nudges of an unknown one; from 1, doubling */

#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)

struct target {
	struct address address;
	struct net_hop hop;
	bool dirty;
	bool announced;
	uint32_t ifindex;	  /* with `neighbour`: the next hop; 0: none */
	struct address neighbour; /* the gateway or the address itself */
	uint64_t lost_ns;   /* when the neighbour whose MAC `hop` has was lost; 0: it wasn't */
	uint64_t nudge_ns;  /* no nudge before */
	uint64_t wake_ns;   /* ask again without news */
	uint32_t backoff_s; /* 0: no nudge so far */
};

struct net {
	net_changed_fn *changed;
	void *context;
	struct nl_sock *kernel; /* owned, and so below */
	struct news *news;
	struct nudge nudge;
	struct event *work;
	struct event *tick;
	struct target **targets; /* sorted by address */
	size_t n_targets;
	struct kernel_link *links; /* asked since the last news of links */
	size_t n_links;
};

/* ---- one address ---------------------------------------------------------------------------------- */

/* A thousand backends share few links. NULL: gone. */
static const struct kernel_link *find_link(struct net *net, uint32_t ifindex)
{
	for (size_t i = 0; i < net->n_links; i++)
		if (net->links[i].ifindex == ifindex)
			return &net->links[i];
	net->links = sl_realloc_array(net->links, net->n_links + 1, sizeof(*net->links));
	if (!kernel_link(net->kernel, ifindex, &net->links[net->n_links]))
		return NULL;
	return &net->links[net->n_links++];
}

static void nudge(struct net *net, struct target *target, uint64_t now_ns, uint32_t pause_s)
{
	nudge_send(&net->nudge, &target->neighbour, target->ifindex);
	target->nudge_ns = now_ns + pause_s * NS_PER_S;
	target->wake_ns = target->nudge_ns;
}

static uint32_t next_backoff_s(uint32_t backoff_s)
{
	uint32_t next_s = backoff_s ? backoff_s * 2 : 1;

	return next_s < BACKOFF_MAX_S ? next_s : BACKOFF_MAX_S;
}

static void take_neighbour(struct net *net, struct target *target, uint64_t now_ns,
			   const struct kernel_neighbour *neighbour, struct net_hop *hop)
{
	hop->resolved = true;
	memcpy(hop->mac, neighbour->mac, sizeof(hop->mac));
	target->lost_ns = 0;
	target->backoff_s = 0;
	if (neighbour->state & NUD_STALE && now_ns >= target->nudge_ns)
		nudge(net, target, now_ns, REFRESH_S);
}

static void miss_neighbour(struct net *net, struct target *target, uint64_t now_ns,
			   struct net_hop *hop)
{
	const struct net_hop *before = &target->hop;

	if (!target->backoff_s || now_ns >= target->nudge_ns) {
		target->backoff_s = next_backoff_s(target->backoff_s);
		nudge(net, target, now_ns, target->backoff_s);
	}
	if (target->wake_ns > target->nudge_ns)
		target->wake_ns = target->nudge_ns;
	hop->why = "neighbour unknown";
	if (!before->resolved)
		return;
	if (!target->lost_ns)
		target->lost_ns = now_ns;
	if (now_ns - target->lost_ns >= KEEP_NS)
		return;
	hop->resolved = true;
	memcpy(hop->mac, before->mac, sizeof(hop->mac));
}

static void look_up_neighbour(struct net *net, struct target *target,
			      const struct kernel_route *route, struct net_hop *hop)
{
	const struct address *next = route->gateway.family ? &route->gateway : &target->address;
	uint64_t now_ns = clock_now_ns();
	struct kernel_neighbour neighbour;

	if (target->ifindex != route->ifindex || !address_equal(&target->neighbour, next)) {
		target->ifindex = route->ifindex;
		target->neighbour = *next;
		target->hop.resolved = false;
		target->lost_ns = 0;
		target->backoff_s = 0;
		target->nudge_ns = 0;
	}
	target->wake_ns = now_ns + REFRESH_S * NS_PER_S;
	kernel_neighbour(net->kernel, target->ifindex, next, &neighbour);
	if (neighbour.state & NUD_USABLE && neighbour.has_mac)
		take_neighbour(net, target, now_ns, &neighbour, hop);
	else
		miss_neighbour(net, target, now_ns, hop);
}

static const char *unusable_link(const struct kernel_link *link)
{
	if (!link)
		return "interface gone";
	if (link->type != ARPHRD_ETHER)
		return "interface without Ethernet addresses";
	if (!(link->flags & IFF_UP) || !(link->flags & IFF_RUNNING))
		return "interface down";
	return NULL;
}

static void look_up(struct net *net, struct target *target, struct net_hop *hop)
{
	const struct kernel_link *link;
	struct kernel_route route;
	uint32_t mtu;

	target->wake_ns = clock_now_ns() + REFRESH_S * NS_PER_S;
	hop->why = "no route";
	if (!kernel_route(net->kernel, &target->address, &route))
		return;
	hop->local = route.type == RTN_LOCAL;
	hop->why = hop->local ? "address of this host" : "no unicast address";
	if (route.type != RTN_UNICAST)
		return;
	link = find_link(net, route.ifindex);
	hop->why = unusable_link(link);
	if (hop->why)
		return;
	mtu = route.mtu ? route.mtu : link->mtu;
	hop->ifindex = route.ifindex;
	hop->mtu = mtu < UINT16_MAX ? mtu : UINT16_MAX;
	memcpy(hop->source_mac, link->mac, sizeof(hop->source_mac));
	memcpy(hop->interface, link->name, sizeof(hop->interface));
	look_up_neighbour(net, target, &route, hop);
}

static bool same_hop(const struct net_hop *a, const struct net_hop *b)
{
	if (a->resolved != b->resolved || a->local != b->local)
		return false;
	if (!a->resolved)
		return a->why == b->why;
	return a->ifindex == b->ifindex && a->mtu == b->mtu &&
	       !memcmp(a->mac, b->mac, sizeof(a->mac)) &&
	       !memcmp(a->source_mac, b->source_mac, sizeof(a->source_mac)) &&
	       !strcmp(a->interface, b->interface);
}

static void refresh(struct net *net, struct target *target)
{
	struct address address = target->address;
	struct net_hop hop = {0};
	bool same;

	target->dirty = false;
	look_up(net, target, &hop);
	if (!hop.ifindex)
		target->ifindex = 0;
	same = target->announced && same_hop(&hop, &target->hop);
	target->hop = hop;
	target->announced = true;
	/* Last: whoever hears it may watch other addresses, and this one be gone. */
	if (!same)
		net->changed(net->context, &address, &hop);
}

/* ---- the loop ------------------------------------------------------------------------------------- */

static void work_in(struct net *net, unsigned delay_ms)
{
	const struct timeval delay = {0, delay_ms * 1000};

	if (!evtimer_pending(net->work, NULL))
		evtimer_add(net->work, &delay);
}

static void on_work(evutil_socket_t fd, short what, void *context)
{
	struct net *net = context;
	unsigned asked = 0;

	for (size_t i = 0; i < net->n_targets; i++) {
		if (!net->targets[i]->dirty)
			continue;
		if (asked++ == SLICE) {
			work_in(net, 0);
			return;
		}
		refresh(net, net->targets[i]);
	}
}

static bool concerns(const struct news_item *item, const struct target *target)
{
	switch (item->subject) {
	case NEWS_PREFIX: return news_covers(item, &target->address);
	case NEWS_NEIGHBOUR:
		return item->ifindex == target->ifindex &&
		       address_equal(&item->prefix.address, &target->neighbour);
	case NEWS_EVERYTHING: break;
	}
	return true;
}

static void on_news(void *context, const struct news_item *item)
{
	struct net *net = context;

	if (item->subject == NEWS_EVERYTHING)
		net->n_links = 0;
	for (size_t i = 0; i < net->n_targets; i++) {
		if (!concerns(item, net->targets[i]))
			continue;
		net->targets[i]->dirty = true;
		work_in(net, MERGE_MS);
	}
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	uint64_t now_ns = clock_now_ns();
	struct net *net = context;

	for (size_t i = 0; i < net->n_targets; i++) {
		if (net->targets[i]->wake_ns > now_ns)
			continue;
		net->targets[i]->dirty = true;
		work_in(net, 0);
	}
}

int net_new(struct event_base *base, net_changed_fn *changed, void *context, struct net **ret_net,
	    struct sl_errors *errors)
{
	const struct timeval tick = {TICK_S, 0};
	struct net *net = sl_calloc(1, sizeof(*net));
	int error;

	net->changed = changed;
	net->context = context;
	nudge_init(&net->nudge);
	net->work = evtimer_new(base, on_work, net);
	net->tick = event_new(base, -1, EV_PERSIST, on_tick, net);
	if (!net->work || !net->tick || event_add(net->tick, &tick))
		sl_out_of_memory();
	error = kernel_open(&net->kernel, errors);
	if (!error)
		error = news_new(base, on_news, net, &net->news, errors);
	if (error) {
		net_free(net);
		return error;
	}
	*ret_net = net;
	return 0;
}

void net_free(struct net *net)
{
	if (!net)
		return;
	for (size_t i = 0; i < net->n_targets; i++)
		free(net->targets[i]);
	free(net->targets);
	free(net->links);
	event_free(net->work);
	event_free(net->tick);
	news_free(net->news);
	kernel_close(net->kernel);
	nudge_deinit(&net->nudge);
	free(net);
}

/* ---- the set -------------------------------------------------------------------------------------- */

static int compare_addresses(const void *one, const void *other)
{
	const struct address *a = one, *b = other;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->word_be, b->word_be, sizeof(a->word_be));
}

static int compare_key(const void *key, const void *element)
{
	return compare_addresses(key, &(*(struct target *const *)element)->address);
}

static struct target *find(const struct net *net, const struct address *address)
{
	struct target **found = NULL;

	if (net->n_targets)
		found = bsearch(address, net->targets, net->n_targets, sizeof(*net->targets),
				compare_key);
	return found ? *found : NULL;
}

static struct target *new_target(const struct address *address)
{
	struct target *target = sl_calloc(1, sizeof(*target));

	target->address = *address;
	target->hop.why = "not asked yet";
	target->dirty = true;
	return target;
}

void net_watch(struct net *net, const struct address *addresses, size_t count)
{
	_cleanup_free_ struct address *sorted = sl_calloc(count, sizeof(*sorted));
	struct target **targets = sl_calloc(count, sizeof(*targets));
	size_t n_targets = 0, kept = 0;

	if (count)
		memcpy(sorted, addresses, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_addresses);
	for (size_t i = 0; i < count; i++) {
		struct target *old = find(net, &sorted[i]);

		if (i && address_equal(&sorted[i], &sorted[i - 1]))
			continue;
		targets[n_targets++] = old ? old : new_target(&sorted[i]);
	}
	/* Both are sorted: what is in the old one only goes. */
	for (size_t i = 0; i < net->n_targets; i++) {
		while (kept < n_targets &&
		       compare_addresses(&targets[kept]->address, &net->targets[i]->address) < 0)
			kept++;
		if (kept == n_targets || targets[kept] != net->targets[i])
			free(net->targets[i]);
	}
	free(net->targets);
	net->targets = targets;
	net->n_targets = n_targets;
	work_in(net, 0);
}

bool net_hop(const struct net *net, const struct address *address, struct net_hop *ret_hop)
{
	const struct target *target = find(net, address);

	if (!target)
		return false;
	*ret_hop = target->hop;
	return true;
}
