/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file says of a service, of its backends and of outer headers reaches the target: between
 * the reading of a file and the plan nothing is lost.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "config/read.h"
#include "engine/fold.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

static const char text[] =
	"interfaces: {eth0: }\n"
	"encapsulation: {source: 172.17.0.0/16, source6: 'fd00:1::/48'}\n"
	"pools:\n"
	"  plain: {backends: [{address: 10.0.0.1, weight: 7}, {address: 10.0.0.2, weight: 0}]}\n"
	"  checked: {check: {type: tcp, port: 1}, backends: [{address: 10.0.0.3, weight: 9}]}\n"
	"services:\n"
	"  a: {vip: 192.0.2.1, protocol: udp, port: 53, pool: plain, algorithm: source-hash, "
	"source-prefix: 24, forward: l2, tracking: all, when-empty: drop, drain: 20m, "
	"udp-grace: 30s}\n"
	"  b: {vip: '2001:db8::1', protocol: tcp, port: any, pool: checked, algorithm: "
	"round-robin, "
	"when-empty: icmp, drain: 5m, udp-grace: 0s, mode: shadow}\n";

static struct config *config;
static struct overlay overlay;
static struct hops hops;
static struct target target;

static bool was_usable(const void *context, const struct config *of, size_t pool,
		       const struct address *address, struct overlay_backend *entry)
{
	entry->healthy = *(const bool *)context;
	return entry->healthy;
}

static void fold_text(bool recalled)
{
	cr_assert_eq(config_read("test", text, strlen(text), &config, NULL), 0);
	overlay_init(&overlay, config, NULL, NULL, was_usable, &recalled, 1);
	fold(config, &overlay, &hops, UINT64_MAX, &target);
	cr_assert_eq(target.n_services, 2);
}

static void stop(void)
{
	target_deinit(&target);
	overlay_deinit(&overlay);
	hops_deinit(&hops);
	config_free(config);
}

TestSuite(fold, .fini = stop);

Test(fold, what_a_file_says_of_a_service)
{
	fold_text(false);
	const struct target_service *a = &target.services[0], *b = &target.services[1];

	cr_assert_str_eq(a->name, "a");
	cr_expect_eq(a->vip.family, 4);
	cr_expect_eq(ntohl(a->vip.word_be[0]), 0xc0000201);
	cr_expect_eq(b->vip.family, 6);
	cr_expect_eq(ntohl(b->vip.word_be[0]), 0x20010db8);
	cr_expect_eq(a->protocol, IPPROTO_UDP);
	cr_expect_eq(b->protocol, IPPROTO_TCP);
	cr_expect_eq(ntohs(a->port_be), 53);
	cr_expect_eq(b->port_be, 0);
	cr_expect_eq(a->algorithm, ALGORITHM_SOURCE_HASH);
	cr_expect_eq(a->source_bits, 24);
	cr_expect_eq(b->algorithm, ALGORITHM_ROUND_ROBIN);
	cr_expect_eq(a->tracking, TRACKING_ALL);
	cr_expect_eq(a->when_empty, WHEN_EMPTY_DROP);
	cr_expect_eq(b->when_empty, WHEN_EMPTY_ICMP);
	cr_expect_eq(a->mode, SERVICE_MODE_ENFORCE);
	cr_expect_eq(b->mode, SERVICE_MODE_SHADOW);
	cr_expect_eq(a->drain_ms, 20 * 60 * 1000);
	cr_expect_eq(a->udp_grace_ms, 30 * 1000);
	cr_expect_eq(b->drain_ms, 5 * 60 * 1000);
	cr_expect_eq(b->udp_grace_ms, 0);
}

Test(fold, what_a_file_says_of_a_backend)
{
	fold_text(false);
	const struct target_service *a = &target.services[0], *b = &target.services[1];

	cr_assert_eq(a->n_backends, 2);
	cr_assert_eq(b->n_backends, 1);
	cr_expect_eq(ntohl(a->backends[0].address.word_be[0]), 0x0a000001);
	cr_expect_eq(a->backends[0].weight, 7);
	cr_expect_eq(a->backends[0].forward, FORWARD_L2);
	cr_expect_eq(b->backends[0].forward, FORWARD_IPIP);
	/* Without a check it is up; with a weight of 0 it only keeps what it has. */
	cr_expect_eq(a->backends[0].state, BACKEND_UP);
	cr_expect_eq(a->backends[1].state, BACKEND_DRAINING);
	/* With a check, not before the first success. */
	cr_expect_eq(b->backends[0].state, BACKEND_DOWN);
	cr_expect_eq(b->backends[0].weight, 0);
}

Test(fold, a_checked_backend_that_was_usable_before_a_restart_is_up)
{
	fold_text(true);
	cr_expect_eq(target.services[1].backends[0].state, BACKEND_UP);
	cr_expect_eq(target.services[1].backends[0].weight, 9);
}

/* A record outlives the longest drain time: what a flow may be silent for, and the tick it began in. */
Test(fold, what_a_file_says_of_the_program)
{
	fold_text(false);
	const struct program_config *program = &target.program;
	const uint64_t drain_ns = 20 * 60 * NS_PER_S;

	cr_expect_eq(program->outer4_bits, 16);
	cr_expect_eq(ntohl(program->outer4_be), 0xac110000);
	cr_expect_eq(program->outer6_bits, 48);
	cr_expect_eq(ntohl(program->outer6_be[0]), 0xfd000001);
	cr_expect_geq((uint64_t)(program->idle_established_ticks - 1) << FLOW_TICK_SHIFT, drain_ns);
	cr_expect_lt((uint64_t)(program->idle_established_ticks - 2) << FLOW_TICK_SHIFT, drain_ns);
	cr_expect_eq(program->idle_unconfirmed_ticks, program->idle_established_ticks);
	cr_expect_lt(program->idle_closing_ticks, program->idle_established_ticks);
}
