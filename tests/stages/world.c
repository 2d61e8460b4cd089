// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages/world.h"

#include <string.h>

#include <arpa/inet.h>
#include <linux/bpf.h>

static const __u32 actions[VERDICT_COUNT] = {
#define X(name, action, word, help) [VERDICT_##name] = action,
	SLUICE_VERDICTS(X)
#undef X
};

struct program_config world_config(__u32 features)
{
	static const __u32 outer6[4] = WORLD_OUTER6;
	struct program_config config = {
		.features = features,
		.outer4_be = htonl(WORLD_OUTER4),
		.outer4_bits = WORLD_OUTER4_BITS,
		.outer6_bits = WORLD_OUTER6_BITS,
		.idle_unconfirmed_ticks = WORLD_IDLE_UNCONFIRMED,
		.idle_established_ticks = WORLD_IDLE_ESTABLISHED,
		.idle_closing_ticks = WORLD_IDLE_CLOSING,
	};

	for (int i = 0; i < 4; i++)
		config.outer6_be[i] = htonl(outer6[i]);
	return config;
}

/* Everything that the packet path writes but the explanation, as bytes. */
struct written {
	struct verdict_counter verdicts[VERDICT_COUNT];
	struct traffic_counter services[WORLD_SERVICES], backends[WORLD_BACKENDS];
	__u64 events[FLOW_EVENT_COUNT];
	struct flow_bucket flows[WORLD_BUCKETS];
	__u64 turns[WORLD_SERVICES];
};

static void written_read(struct written *w)
{
	memset(w, 0, sizeof(*w));
	for (__u32 i = 0; i < VERDICT_COUNT; i++)
		world_get(MAP_verdict_counters, &i, &w->verdicts[i]);
	for (__u32 i = 0; i < WORLD_SERVICES; i++) {
		world_get(MAP_service_counters, &i, &w->services[i]);
		world_get(MAP_turns, &i, &w->turns[i]);
	}
	for (__u32 i = 0; i < WORLD_BACKENDS; i++)
		world_get(MAP_backend_counters, &i, &w->backends[i]);
	for (__u32 i = 0; i < FLOW_EVENT_COUNT; i++)
		world_get(MAP_flow_events, &i, &w->events[i]);
	for (__u32 i = 0; i < WORLD_BUCKETS; i++)
		world_get(MAP_flows, &i, &w->flows[i]);
}

static enum verdict verdict_between(const struct written *before, const struct written *after,
				    __u32 bytes)
{
	enum verdict verdict = VERDICT_CONTINUE;
	__u64 sum = 0;

	for (int i = 0; i < VERDICT_COUNT; i++) {
		__u64 packets = after->verdicts[i].packets - before->verdicts[i].packets;

		if (packets)
			verdict = i;
		sum += packets;
	}
	CHECK_EQUAL(sum, 1);
	CHECK_EQUAL(after->verdicts[verdict].bytes - before->verdicts[verdict].bytes, bytes);
	return verdict;
}

enum verdict world_run(struct frame *f)
{
	static struct written before, after;
	static struct frame in, explained;
	enum verdict verdict;
	int action, explained_action;

	in = explained = *f;
	written_read(&before);
	explained_action = world_execute(true, &explained);
	written_read(&after);
	CHECK(memcmp(&before, &after, sizeof(before)) == 0);

	action = world_execute(false, f);
	written_read(&after);
	verdict = verdict_between(&before, &after, in.length);
	CHECK_EQUAL(action, actions[verdict]);
	CHECK_EQUAL(explained_action, action);
	CHECK_EQUAL(world_explanation()->verdict, verdict);
	CHECK(f->length == explained.length && !memcmp(f->bytes, explained.bytes, f->length));
	if (action == XDP_PASS)
		CHECK(f->length == in.length && !memcmp(f->bytes, in.bytes, f->length));
	return verdict;
}
