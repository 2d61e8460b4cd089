/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module runs as nobody, without capabilities, in a network namespace of its own; a shell that is
 * still root changes that namespace, and a peer's at the other ends of two veth pairs:
 *
 *   h0 192.0.2.1    2001:db8::1  02:00:00:00:00:01 --- p0 192.0.2.2    2001:db8::2  02:00:00:00:00:02
 *   h1 198.51.100.1              02:00:00:00:01:01 --- p1 198.51.100.2              02:00:00:00:01:02
 */
#include "net/net.h"

#include "base/clock.h"
#include "base/memory.h"

#include <criterion/criterion.h>
#include <event2/event.h>

#include <arpa/inet.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ahead_ns = 3600 * NS_PER_S;

/* In the place of base/clock.c: time that a test can move. */
uint64_t clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec + clock_ahead_ns;
}

struct site {
	struct event_base *base;
	struct net *net;
	pid_t peer;
	pid_t shell;
	FILE *commands;
	FILE *results;
	unsigned news;
};

/* ---- namespaces ----------------------------------------------------------------------------------- */

static pid_t start_peer(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void start_shell(struct site *site)
{
	int in[2], out[2];

	cr_assert(!pipe(in) && !pipe(out));
	site->shell = fork();
	if (!site->shell) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execl("/bin/sh", "sh", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	site->commands = fdopen(in[1], "w");
	site->results = fdopen(out[0], "r");
	setlinebuf(site->commands);
	fprintf(site->commands, "peer() { nsenter --target %d --net \"$@\"; }\n", site->peer);
}

/* Runs it as root; returns its exit status. */
static int try(struct site *site, const char *format, ...)
{
	va_list args;
	int status;

	fputs("{ ", site->commands);
	va_start(args, format);
	vfprintf(site->commands, format, args);
	va_end(args);
	fputs("\n} >&2 </dev/null; echo $?\n", site->commands);
	cr_assert_eq(fscanf(site->results, "%d", &status), 1);
	return status;
}

#define run(...) cr_assert_eq(try(__VA_ARGS__), 0)

static void lay_cables(struct site *site)
{
	run(site,
	    "set -e; ip link set lo up; peer ip link set lo up\n"
	    "for i in 0 1; do\n"
	    "  ip link add h$i address 02:00:00:00:0$i:01 type veth peer name p$i address "
	    "02:00:00:00:0$i:02 netns %d\n"
	    "  ip link set h$i up; peer ip link set p$i up\n"
	    "done\n"
	    "ip address add 192.0.2.1/24 dev h0; peer ip address add 192.0.2.2/24 dev p0\n"
	    "ip address add 198.51.100.1/24 dev h1; peer ip address add 198.51.100.2/24 dev p1\n"
	    "ip address add 2001:db8::1/64 dev h0 nodad\n"
	    "peer ip address add 2001:db8::2/64 dev p0 nodad\n"
	    "set +e",
	    site->peer);
}

static void become_nobody(void)
{
	cr_assert(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !setgroups(0, NULL) &&
		  !setgid(65534) && !setuid(65534));
	/* LeakSanitizer looks at its own process with ptrace. */
	prctl(PR_SET_DUMPABLE, 1);
}

static void on_changed(void *context, const struct address *address, const struct net_hop *hop)
{
	struct site *site = context;
	struct net_hop seen;

	site->news++;
	cr_assert(net_hop(site->net, address, &seen));
	cr_assert_eq(seen.resolved, hop->resolved);
}

static struct site *site_new(void)
{
	struct site *site;

	if (unshare(CLONE_NEWNET))
		cr_skip_test("needs CAP_SYS_ADMIN for network namespaces of its own");
	site = sl_calloc(1, sizeof(*site));
	site->peer = start_peer();
	start_shell(site);
	lay_cables(site);
	become_nobody();
	site->base = event_base_new();
	cr_assert_eq(net_new(site->base, on_changed, site, &site->net, NULL), 0);
	return site;
}

static void site_free(struct site *site)
{
	net_free(site->net);
	event_base_free(site->base);
	fclose(site->commands); /* the shell ends at the end of its input */
	fclose(site->results);
	waitpid(site->shell, NULL, 0);
	free(site);
}

/* ---- what is seen --------------------------------------------------------------------------------- */

static struct address address_of(const char *text)
{
	struct address address;

	cr_assert(address_parse(text, &address));
	return address;
}

static void watch(struct site *site, const char *text)
{
	struct address address = address_of(text);

	net_watch(site->net, &address, 1);
}

static void describe(struct site *site, const char *text, char ret[128])
{
	struct address address = address_of(text);
	struct net_hop hop;

	cr_assert(net_hop(site->net, &address, &hop));
	if (hop.resolved)
		snprintf(ret, 128, "%s %02x:%02x:%02x:%02x:%02x:%02x mtu %u", hop.interface,
			 hop.mac[0], hop.mac[1], hop.mac[2], hop.mac[3], hop.mac[4], hop.mac[5],
			 hop.mtu);
	else
		snprintf(ret, 128, "%s%s", hop.why, hop.local ? ", local" : "");
}

static void on_guard(evutil_socket_t fd, short what, void *context)
{
	*(bool *)context = true;
}

/* Lets the loop run until the hop of the address reads so. */
static void expect(struct site *site, const char *address, const char *hop)
{
	const struct timeval patience = {30, 0};
	bool late = false;
	struct event *guard = evtimer_new(site->base, on_guard, &late);
	char seen[128];

	event_add(guard, &patience);
	for (describe(site, address, seen); strcmp(seen, hop) && !late;
	     describe(site, address, seen))
		event_base_loop(site->base, EVLOOP_ONCE);
	event_free(guard);
	cr_assert_str_eq(seen, hop, "%s: \"%s\" instead of \"%s\"", address, seen, hop);
}

static void watch_and_expect(struct site *site, const char *address, const char *hop)
{
	watch(site, address);
	expect(site, address, hop);
}

/* So many turns of the tick, with all that happens in between. */
static void ticks(struct site *site, unsigned count)
{
	const struct timeval end = {count, 500000};

	event_base_loopexit(site->base, &end);
	event_base_dispatch(site->base);
}

/* ---- tests ---------------------------------------------------------------------------------------- */

Test(net, on_the_link)
{
	struct site *site = site_new();
	struct address address = address_of("192.0.2.2");
	struct net_hop hop;

	watch_and_expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	cr_assert(net_hop(site->net, &address, &hop));
	cr_assert_eq(memcmp(hop.source_mac, "\2\0\0\0\0\1", 6), 0);
	cr_assert_not(hop.local);
	run(site, "ip -o link show h0 | grep '^%u:'", hop.ifindex);
	watch_and_expect(site, "2001:db8::2", "h0 02:00:00:00:00:02 mtu 1500");
	site_free(site);
}

Test(net, behind_a_gateway)
{
	struct site *site = site_new();

	run(site, "ip route add 203.0.113.0/25 via 192.0.2.2");
	run(site, "ip route add 203.0.113.128/25 via inet6 2001:db8::2");
	run(site, "ip route add 2001:db8:1::/48 via 2001:db8::2");
	watch_and_expect(site, "203.0.113.9", "h0 02:00:00:00:00:02 mtu 1500");
	watch_and_expect(site, "203.0.113.200", "h0 02:00:00:00:00:02 mtu 1500");
	watch_and_expect(site, "2001:db8:1::9", "h0 02:00:00:00:00:02 mtu 1500");
	site_free(site);
}

Test(net, link_local_gateway)
{
	struct site *site = site_new();

	run(site, "peer ip address add fe80::2/64 dev p0 nodad");
	run(site, "ip address add fe80::1/64 dev h0 nodad");
	run(site, "ip route add 2001:db8:1::/48 via fe80::2 dev h0");
	watch_and_expect(site, "2001:db8:1::9", "h0 02:00:00:00:00:02 mtu 1500");
	site_free(site);
}

Test(net, says_why_not)
{
	struct site *site = site_new();

	watch_and_expect(site, "203.0.113.9", "no route");
	watch_and_expect(site, "2001:db8:9::9", "no route");
	watch_and_expect(site, "192.0.2.1", "address of this host, local");
	watch_and_expect(site, "127.0.0.1", "address of this host, local");
	watch_and_expect(site, "2001:db8::1", "address of this host, local");
	watch_and_expect(site, "192.0.2.255", "no unicast address");
	watch_and_expect(site, "192.0.2.77", "neighbour unknown");
	run(site, "ip route add blackhole 203.0.113.0/24");
	watch_and_expect(site, "203.0.113.9", "no route");
	run(site, "ip route add 10.0.0.0/8 dev lo");
	watch_and_expect(site, "10.1.1.1", "interface without Ethernet addresses");
	site_free(site);
}

Test(net, follows_routes)
{
	struct site *site = site_new();

	watch_and_expect(site, "203.0.113.9", "no route");
	run(site, "ip route add default via 192.0.2.2");
	expect(site, "203.0.113.9", "h0 02:00:00:00:00:02 mtu 1500");
	run(site, "ip route add 203.0.113.8/29 via 198.51.100.2");
	expect(site, "203.0.113.9", "h1 02:00:00:00:01:02 mtu 1500");
	run(site, "ip route del 203.0.113.8/29");
	expect(site, "203.0.113.9", "h0 02:00:00:00:00:02 mtu 1500");
	run(site, "ip rule add to 203.0.113.9 blackhole");
	expect(site, "203.0.113.9", "no route");
	site_free(site);
}

Test(net, follows_routes_ipv6)
{
	struct site *site = site_new();

	watch_and_expect(site, "2001:db8:1::9", "no route");
	run(site, "ip route add default via 2001:db8::2");
	expect(site, "2001:db8:1::9", "h0 02:00:00:00:00:02 mtu 1500");
	run(site, "ip route del default via 2001:db8::2");
	expect(site, "2001:db8:1::9", "no route");
	site_free(site);
}

Test(net, of_several_paths_the_kernels_choice)
{
	struct address address = address_of("203.0.113.9");
	struct site *site = site_new();
	struct net_hop hop;

	run(site, "ip route add 203.0.113.0/24 nexthop via 192.0.2.2 nexthop via 198.51.100.2");
	watch(site, "203.0.113.9");
	do {
		event_base_loop(site->base, EVLOOP_ONCE);
		cr_assert(net_hop(site->net, &address, &hop));
	} while (!hop.resolved);
	run(site, "ip route get 203.0.113.9 | grep 'dev %s '", hop.interface);
	site_free(site);
}

Test(net, follows_links)
{
	struct site *site = site_new();

	watch_and_expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	run(site, "ip link set h0 down");
	expect(site, "192.0.2.2", "no route");
	run(site, "ip link set h0 up");
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	run(site, "peer ip link set p0 down");
	expect(site, "192.0.2.2", "interface down");
	run(site, "peer ip link set p0 up");
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	run(site, "ip link del h0");
	expect(site, "192.0.2.2", "no route");
	site_free(site);
}

Test(net, follows_addresses)
{
	struct site *site = site_new();

	watch_and_expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	run(site, "ip address add 192.0.2.2/32 dev lo");
	expect(site, "192.0.2.2", "address of this host, local");
	run(site, "ip address del 192.0.2.2/32 dev lo");
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	site_free(site);
}

Test(net, mtu_is_the_routes_else_the_links)
{
	struct site *site = site_new();

	run(site, "ip link set h0 mtu 1400");
	watch_and_expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1400");
	run(site, "ip link set h0 mtu 1450");
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1450");
	run(site, "ip route add 192.0.2.2 dev h0 mtu 1300");
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1300");
	site_free(site);
}

Test(net, follows_the_neighbours_mac)
{
	struct site *site = site_new();

	watch_and_expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	run(site, "ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:99 dev h0 nud permanent");
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:99 mtu 1500");
	/* Forgotten by the kernel, it is nudged, and the true one is learnt again. */
	run(site, "ip neigh del 192.0.2.2 dev h0");
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	run(site, "peer ip link set p0 address 02:00:00:00:00:33");
	run(site, "ip neigh del 192.0.2.2 dev h0");
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:33 mtu 1500");
	site_free(site);
}

Test(net, stale_neighbour_is_nudged)
{
	struct site *site = site_new();
	int stale = 0;

	watch_and_expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	run(site, "ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev h0 nud stale");
	for (int i = 0; i < 100 && !stale; i++) {
		event_base_loop(site->base, EVLOOP_ONCE);
		stale = try(site, "ip neigh show 192.0.2.2 | grep STALE");
	}
	cr_assert_eq(stale, 1, "still stale: nothing was sent");
	site_free(site);
}

Test(net, lost_neighbours_mac_is_kept_for_a_minute)
{
	struct site *site = site_new();
	unsigned news;

	watch_and_expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	news = site->news;
	run(site, "peer ip link set p0 arp off && ip neigh flush dev h0");
	ticks(site, 1);
	run(site, "! ip neigh show 192.0.2.2 | grep lladdr");
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	clock_ahead_ns += 50 * NS_PER_S;
	ticks(site, 1);
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	cr_assert_eq(site->news, news);
	clock_ahead_ns += 20 * NS_PER_S;
	expect(site, "192.0.2.2", "neighbour unknown");
	cr_assert_eq(site->news, news + 1);
	run(site, "peer ip link set p0 arp on");
	clock_ahead_ns += 30 * NS_PER_S;
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	site_free(site);
}

Test(net, kept_mac_is_not_taken_to_another_hop)
{
	struct site *site = site_new();

	run(site, "ip route add 203.0.113.9 via 192.0.2.2");
	watch_and_expect(site, "203.0.113.9", "h0 02:00:00:00:00:02 mtu 1500");
	run(site, "ip route replace 203.0.113.9 via 192.0.2.77");
	expect(site, "203.0.113.9", "neighbour unknown");
	site_free(site);
}

Test(net, watched_set)
{
	struct address some[] = {address_of("192.0.2.2"), address_of("198.51.100.2"),
				 address_of("192.0.2.2"), address_of("2001:db8::2")};
	struct site *site = site_new();
	struct net_hop hop;

	net_watch(site->net, some, sl_count(some));
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	expect(site, "198.51.100.2", "h1 02:00:00:00:01:02 mtu 1500");
	net_watch(site->net, some + 1, 1);
	cr_assert(net_hop(site->net, &some[1], &hop));
	cr_assert(hop.resolved, "what stays keeps what is known");
	cr_assert_not(net_hop(site->net, &some[0], &hop));
	cr_assert_not(net_hop(site->net, &some[3], &hop));
	net_watch(site->net, NULL, 0);
	cr_assert_not(net_hop(site->net, &some[1], &hop));
	site_free(site);
}

/* More than are asked in one turn of the loop; each is told once. */
Test(net, many)
{
	struct address many[1000];
	struct site *site = site_new();
	struct net_hop hop;

	run(site, "ip route add 10.0.0.0/8 via 192.0.2.2");
	watch_and_expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	for (unsigned i = 0; i < 1000; i++)
		many[i] = (struct address){4, {htonl(0x0a000000 + i)}};
	site->news = 0;
	net_watch(site->net, many, 1000);
	expect(site, "10.0.3.231", "h0 02:00:00:00:00:02 mtu 1500");
	cr_assert_eq(site->news, 1000);
	run(site, "ip route replace 10.0.0.0/8 via 198.51.100.2");
	for (unsigned i = 0; i < 1000; i++) {
		char text[ADDRESS_TEXT_MAX];

		expect(site, address_format(&many[i], text), "h1 02:00:00:00:01:02 mtu 1500");
	}
	cr_assert(net_hop(site->net, &many[999], &hop));
	site_free(site);
}

/* Notices were lost because nobody listened for too long: the kernel is asked about everything. */
Test(net, lost_news_are_made_up_for)
{
	struct site *site = site_new();

	watch_and_expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1500");
	/* So that it isn't asked again for any other reason: an IPv6 address that becomes valid, say. */
	run(site, "ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev h0 nud permanent");
	ticks(site, 3);
	clock_ahead_ns -= 3600 * NS_PER_S;
	run(site,
	    "for i in $(seq 1 1500); do echo route add 10.$((i / 250)).$((i %% 250)).0/24 via "
	    "192.0.2.2; done | ip -batch -");
	run(site, "ip route add 192.0.2.2 dev h0 mtu 1300");
	expect(site, "192.0.2.2", "h0 02:00:00:00:00:02 mtu 1300");
	site_free(site);
}
