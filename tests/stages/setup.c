// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages/setup.h"

#include <string.h>

#include <arpa/inet.h>

static struct service_entry service_entries[SETUP_SERVICES];
static struct backend_entry backend_entries[SETUP_SERVICES * SETUP_BACKENDS];
static struct slot_chunk chunks[WORLD_CHUNKS];

static void put_vip4(const char *address, int port, int protocol, __u32 service)
{
	struct vip4_key key = {.port_be = htons(port), .protocol = protocol};

	inet_pton(AF_INET, address, &key.addr_be);
	world_put(MAP_vips4, &key, &service);
}

static void put_vip6(const char *address, int port, int protocol, __u32 service)
{
	struct vip6_key key = {.port_be = htons(port), .protocol = protocol};

	inet_pton(AF_INET6, address, key.addr_be);
	world_put(MAP_vips6, &key, &service);
}

static void put_vips(void)
{
	put_vip4(FRAME_VIP4, 80, IPPROTO_TCP, WEB4);
	put_vip4(FRAME_VIP4, 53, IPPROTO_UDP, DNS4);
	put_vip4(FRAME_VIP4, 0, IPPROTO_ICMP, SERVICE_NONE);
	put_vip4(SETUP_ANY_VIP4, 0, IPPROTO_TCP, ANY4);
	put_vip4(SETUP_ANY_VIP4, 80, IPPROTO_TCP, WEB4);
	put_vip4(SETUP_ANY_VIP4, 0, IPPROTO_ICMP, SERVICE_NONE);
	put_vip6(FRAME_VIP6, 80, IPPROTO_TCP, WEB6);
	put_vip6(FRAME_VIP6, 53, IPPROTO_UDP, DNS6);
	put_vip6(FRAME_VIP6, 0, IPPROTO_ICMPV6, SERVICE_NONE);
}

static void put_backend(__u32 id)
{
	world_put(MAP_backends, &id, &backend_entries[id]);
}

static void put_backends(int service)
{
	static const struct {
		__u8 forward, family, egress;
	} ways[SETUP_BACKENDS] = {
		{FORWARD_IPIP, 4, 1},
		{FORWARD_IPIP, 6, 1},
		{FORWARD_L2, 4, 1},
		{FORWARD_IPIP, 4, 2},
	};

	for (int i = 0; i < SETUP_BACKENDS; i++) {
		struct backend_entry *b = &backend_entries[BACKEND(service, i)];

		*b = (struct backend_entry){
			.state = BACKEND_UP,
			.service = service,
			.forward = ways[i].forward,
			.family = ways[i].family,
			.next_hop = {.mac = {2, 0, 0, 0, 1, i}, .egress = ways[i].egress},
		};
		b->addr_be[0] = htonl(0x0a000000 | service << 8 | i);
		if (b->family == 6)
			inet_pton(AF_INET6, "2001:db8:b::1", b->addr_be);
		put_backend(BACKEND(service, i));
	}
}

void setup_site(__u32 features)
{
	static const struct egress_entry egress[] = {
		[1] = {WORLD_INTERFACE, {2, 0, 0, 0, 0, 2}, SETUP_MTU},
		[2] = {SETUP_OTHER_INTERFACE, {2, 0, 0, 0, 0, 3}, SETUP_MTU},
	};

	world_load(features);
	put_vips();
	for (__u32 i = 1; i <= 2; i++)
		world_put(MAP_egress, &i, &egress[i]);
	for (int service = WEB4; service < SETUP_SERVICES; service++) {
		put_backends(service);
		service_entries[service].grace_until_ns = 0;
		setup_service(service, ALGORITHM_MAGLEV, WHEN_EMPTY_RESET, TRACKING_MOVING, 0);
		setup_slots(service, BACKEND(service, 0), BACKEND(service, 0));
	}
}

void setup_service(int service, enum algorithm algorithm, enum when_empty when_empty,
		   enum tracking tracking, int source_bits)
{
	__u32 id = service;

	service_entries[id].word =
		SERVICE_WORD(service * 2, SETUP_LOG2, algorithm, when_empty, tracking, source_bits);
	world_put(MAP_services, &id, &service_entries[id]);
}

void setup_shadow(int service)
{
	__u32 id = service;

	service_entries[id].word |= SERVICE_WORD_SHADOW;
	world_put(MAP_services, &id, &service_entries[id]);
}

void setup_grace(int service, __u64 until_ns)
{
	__u32 id = service;

	service_entries[id].grace_until_ns = until_ns;
	world_put(MAP_services, &id, &service_entries[id]);
}

static void put_slot(int service, int slot, __u32 word)
{
	__u32 chunk = service * 2 + slot / SLOTS_PER_CHUNK;

	chunks[chunk].slot[slot % SLOTS_PER_CHUNK] = word;
	world_put(MAP_slots, &chunk, &chunks[chunk]);
}

void setup_slots(int service, int current, int origin)
{
	for (int i = 0; i < SETUP_SLOTS; i++)
		put_slot(service, i, SLOT(current, origin));
}

void setup_slot(int service, int slot, int current)
{
	put_slot(service, slot, SLOT(current, current));
}

void setup_state(int backend, enum backend_state state)
{
	backend_entries[backend].state = state;
	put_backend(backend);
}

void setup_next_hop(int backend, int egress)
{
	backend_entries[backend].next_hop.egress = egress;
	put_backend(backend);
}

void setup_address(int backend, __be32 ret_addr_be[4])
{
	memcpy(ret_addr_be, backend_entries[backend].addr_be, 16);
}

const struct explanation *setup_explain(const struct frame *f)
{
	static struct frame copy;

	copy = *f;
	world_execute(true, &copy);
	return world_explanation();
}

static __u32 bucket_of(__u64 hash, int place)
{
	return ((__u32)hash & (WORLD_BUCKETS - 1)) ^ place / FLOWS_PER_BUCKET;
}

__u64 setup_entry(const struct frame *f, int place)
{
	__u32 bucket = bucket_of(setup_explain(f)->hash, place);
	struct flow_bucket b;

	world_get(MAP_flows, &bucket, &b);
	return b.entry[place % FLOWS_PER_BUCKET];
}

__u64 setup_record(const struct frame *f)
{
	__u32 signature = setup_explain(f)->hash >> 32;

	for (int place = 0; place < 2 * FLOWS_PER_BUCKET; place++) {
		__u64 entry = setup_entry(f, place);

		if (entry && FLOW_SIGNATURE(entry) == signature)
			return entry;
	}
	return 0;
}

static void put_entry(const struct frame *f, int place, __u64 entry)
{
	__u32 bucket = bucket_of(setup_explain(f)->hash, place);
	struct flow_bucket b;

	world_get(MAP_flows, &bucket, &b);
	b.entry[place % FLOWS_PER_BUCKET] = entry;
	world_put(MAP_flows, &bucket, &b);
}

static __u64 make_entry(__u32 signature, int backend, int idle, enum flow_state state)
{
	return FLOW_ENTRY(signature, backend, (world_now_ns() >> FLOW_TICK_SHIFT) - idle, state);
}

void setup_put_record(const struct frame *f, int place, int backend, int idle,
		      enum flow_state state)
{
	put_entry(f, place, make_entry(setup_explain(f)->hash >> 32, backend, idle, state));
}

void setup_fill_buckets(const struct frame *f, int backend, int idle, enum flow_state state)
{
	__u32 signature = setup_explain(f)->hash >> 32;

	for (int place = 0; place < 2 * FLOWS_PER_BUCKET; place++)
		put_entry(f, place, make_entry(signature + 1 + place, backend, idle, state));
}

__u64 setup_events(enum flow_event event)
{
	__u32 index = event;
	__u64 count;

	world_get(MAP_flow_events, &index, &count);
	return count;
}

struct traffic_counter setup_traffic(enum map_number map, __u32 index)
{
	struct traffic_counter counter;

	world_get(map, &index, &counter);
	return counter;
}
