/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First the full size and a small one go to each. Who answers only the small one is halved in rounds,
 * all in step, so that a hundred bad ways take no longer than one.
 *
 * IP_PMTUDISC_PROBE sets don't-fragment and goes by the interface's MTU alone: what the kernel has
 * learned of the path before must not decide.
 */
#include "doctor/path.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PACKET_MAX = 9216,
	COPIES = 2, /* one lost packet is no finding */
	FIRST_MS = 1000,
	ROUND_MS = 300,
	ROUNDS = 14, /* more than log2(PACKET_MAX) */
};

struct family {
	int fd; /* or a negative errno */
	bool raw;
	uint8_t request, reply;
	uint32_t ip_size;
};

/* What an echo's sequence number stands for. */
struct
try {
	uint16_t path;
	uint16_t size;
	bool answered; /* the copies have answers of their own */
};

struct probe {
	struct path *paths;
	size_t count;
	struct family ipv4, ipv6;
	uint16_t id;
	struct try tries[PATHS_MAX * (ROUNDS + 2)];
	size_t n_tries, first; /* the round's first: answers to older ones may still come */
	size_t n_waiting;      /* of this round */
	uint32_t low[PATHS_MAX], high[PATHS_MAX]; /* answered; perhaps */
};

static bool is_ipv4(const struct path *path)
{
	return IN6_IS_ADDR_V4MAPPED(&path->to);
}

static struct family *family_of(struct probe *probe, const struct path *path)
{
	return is_ipv4(path) ? &probe->ipv4 : &probe->ipv6;
}

/* ---- sockets ---------------------------------------------------------------------------------- */

static int open_socket(int domain, int protocol, bool *ret_raw)
{
	int fd = socket(domain, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	*ret_raw = fd >= 0;
	if (fd < 0)
		fd = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	return fd < 0 ? -errno : fd;
}

static void open_ipv4(struct family *family)
{
	static const int probing = IP_PMTUDISC_PROBE;

	*family = (struct family){
		.request = ICMP_ECHO,
		.reply = ICMP_ECHOREPLY,
		.ip_size = 20,
	};
	family->fd = open_socket(AF_INET, IPPROTO_ICMP, &family->raw);
	if (family->fd >= 0)
		setsockopt(family->fd, IPPROTO_IP, IP_MTU_DISCOVER, &probing, sizeof(probing));
}

static void open_ipv6(struct family *family)
{
	static const int probing = IPV6_PMTUDISC_PROBE;

	*family = (struct family){
		.request = ICMP6_ECHO_REQUEST,
		.reply = ICMP6_ECHO_REPLY,
		.ip_size = 40,
	};
	family->fd = open_socket(AF_INET6, IPPROTO_ICMPV6, &family->raw);
	if (family->fd >= 0)
		setsockopt(family->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probing, sizeof(probing));
}

/* ---- echoes ------------------------------------------------------------------------------------ */

/* The same head in both families. */
struct echo {
	uint8_t type, code;
	uint16_t checksum, id, sequence;
	uint8_t filling[PACKET_MAX];
};

static uint16_t checksum(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += i % 2 ? at[i] : at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static bool send_to(struct family *family, const struct path *path, const struct echo *echo,
		    size_t size)
{
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_addr = path->to};
	struct sockaddr_in to4 = {.sin_family = AF_INET};
	const void *to = is_ipv4(path) ? (const void *)&to4 : &to6;
	socklen_t to_size = is_ipv4(path) ? sizeof(to4) : sizeof(to6);
	bool sent = false;

	memcpy(&to4.sin_addr, &path->to.s6_addr[12], sizeof(to4.sin_addr));
	for (int i = 0; i < COPIES; i++)
		sent |= sendto(family->fd, echo, size, 0, to, to_size) == (ssize_t)size;
	return sent;
}

static void try_size(struct probe *probe, size_t number, uint32_t size)
{
	const struct path *path = &probe->paths[number];
	struct family *family = family_of(probe, path);
	struct echo echo = {.type = family->request, .id = htons(probe->id)};
	size_t bytes = size - family->ip_size;

	if (family->fd < 0)
		return;
	echo.sequence = htons(probe->n_tries);
	if (is_ipv4(path))
		echo.checksum = checksum(&echo, bytes);
	if (!send_to(family, path, &echo, bytes))
		return;
	probe->tries[probe->n_tries++] = (struct try){.path = number, .size = size};
	probe->n_waiting++;
}

static bool is_from(const struct sockaddr_storage *from, const struct path *path)
{
	if (from->ss_family == AF_INET)
		return is_ipv4(path) && !memcmp(&((const struct sockaddr_in *)from)->sin_addr,
						&path->to.s6_addr[12], 4);
	return !memcmp(&((const struct sockaddr_in6 *)from)->sin6_addr, &path->to, 16);
}

static void take(struct probe *probe, const struct family *family, const uint8_t *bytes,
		 size_t size, const struct sockaddr_storage *from)
{
	size_t skip = family->raw && family == &probe->ipv4 && size ? (bytes[0] & 0xf) * 4u : 0;
	const struct echo *echo = (const void *)(bytes + skip);
	struct try *try;

	if (size < skip + offsetof(struct echo, filling) || echo->type != family->reply ||
	    (family->raw && echo->id != htons(probe->id)) ||
	    ntohs(echo->sequence) >= probe->n_tries)
		return;
	try = &probe->tries[ntohs(echo->sequence)];
	if (try->answered || !is_from(from, &probe->paths[try->path]))
		return;
	try->answered = true;
	if (try->size > probe->low[try->path])
		probe->low[try->path] = try->size;
	if (try >= &probe->tries[probe->first])
		probe->n_waiting--;
}

static void receive(struct probe *probe, const struct family *family)
{
	static _Alignas(struct echo) uint8_t bytes[PACKET_MAX + 64];
	struct sockaddr_storage from;
	socklen_t from_size = sizeof(from);
	ssize_t size;

	while ((size = recvfrom(family->fd, bytes, sizeof(bytes), 0, (void *)&from, &from_size)) >=
	       0) {
		take(probe, family, bytes, size, &from);
		from_size = sizeof(from);
	}
}

/* ---- rounds ------------------------------------------------------------------------------------ */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static bool is_settled(const struct probe *probe)
{
	for (size_t i = 0; i < probe->count; i++)
		if (probe->low[i] < probe->high[i])
			return false;
	return true;
}

static void wait_for_answers(struct probe *probe, uint32_t patience_ms)
{
	uint64_t end_ms = now_ms() + patience_ms, at_ms;
	struct pollfd fds[] = {{.fd = probe->ipv4.fd, .events = POLLIN},
			       {.fd = probe->ipv6.fd, .events = POLLIN}};

	while (probe->n_waiting && !is_settled(probe) && (at_ms = now_ms()) < end_ms) {
		if (poll(fds, 2, end_ms - at_ms) <= 0)
			continue;
		if (fds[0].revents)
			receive(probe, &probe->ipv4);
		if (fds[1].revents)
			receive(probe, &probe->ipv6);
	}
	probe->n_waiting = 0;
	probe->first = probe->n_tries;
}

static void first_round(struct probe *probe)
{
	for (size_t i = 0; i < probe->count; i++) {
		probe->high[i] = probe->paths[i].wanted;
		try_size(probe, i, probe->paths[i].wanted);
		try_size(probe, i, PATH_LEAST);
	}
	wait_for_answers(probe, FIRST_MS);
	for (size_t i = 0; i < probe->count; i++)
		if (probe->low[i] < PATH_LEAST)
			probe->high[i] = probe->low[i] = 0; /* no echo at all says nothing */
		else if (probe->low[i] < probe->high[i])
			probe->high[i]--;
}

static void halve(struct probe *probe)
{
	uint32_t tried[PATHS_MAX] = {0};

	for (size_t i = 0; i < probe->count; i++) {
		if (probe->low[i] >= probe->high[i])
			continue;
		tried[i] = probe->low[i] + (probe->high[i] - probe->low[i] + 1) / 2;
		try_size(probe, i, tried[i]);
	}
	wait_for_answers(probe, ROUND_MS);
	for (size_t i = 0; i < probe->count; i++)
		if (tried[i] && probe->low[i] < tried[i])
			probe->high[i] = tried[i] - 1;
}

static int start(struct probe *probe)
{
	bool any = false;

	open_ipv4(&probe->ipv4);
	open_ipv6(&probe->ipv6);
	for (size_t i = 0; i < probe->count; i++)
		any |= family_of(probe, &probe->paths[i])->fd >= 0;
	return any || !probe->count ? 0 : family_of(probe, &probe->paths[0])->fd;
}

int path_measure(struct path *paths, size_t count)
{
	static struct probe probe; /* too large for a stack */
	int r;

	probe = (struct probe){.paths = paths, .count = count, .id = getpid() & 0xffff};
	r = start(&probe);
	if (!r && count) {
		first_round(&probe);
		for (int i = 0; i < ROUNDS && !is_settled(&probe); i++)
			halve(&probe);
		for (size_t i = 0; i < count; i++)
			paths[i].largest = probe.low[i];
	}
	if (probe.ipv4.fd >= 0)
		close(probe.ipv4.fd);
	if (probe.ipv6.fd >= 0)
		close(probe.ipv6.fd);
	return r;
}
