/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dataplane/dataplane.h"

#include "base/memory.h"
#include "dataplane/program.h"
#include "veth.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sl_errors errors;
static struct program *program;
static struct dataplane *dataplane;

static int load(void *context, const struct program_config *config, struct sl_errors *ret_errors)
{
	return program_load(context, config, ret_errors);
}

static struct dataplane *open_dataplane(void)
{
	struct dataplane *opened = NULL;
	int fds[MAP_COUNT];

	for (enum map_number map = 0; map < MAP_COUNT; map++)
		fds[map] = dup(program_map_fd(program, map));
	cr_assert_eq(dataplane_open(fds, &veth_capacity, load, program, &opened, &errors), 0);
	return opened;
}

static void enter(void)
{
	static const struct hash_key key = {{1, 2}};

	if (!veth_enter())
		cr_skip_test("needs root and /sys/fs/bpf");
	cr_assert_eq(program_open(veth_pin_dir(), &veth_capacity, &key, &program, &errors), 0);
	dataplane = open_dataplane();
}

static void leave(void)
{
	dataplane_close(dataplane);
	program_close(program);
	sl_errors_deinit(&errors);
	veth_unpin();
}

TestSuite(dataplane, .init = enter, .fini = leave, .timeout = 120);

static void apply(const struct step *step)
{
	char text[64];

	cr_assert_eq(dataplane_apply(dataplane, step, &errors), 0, "%s: %s",
		     step_name(step, text, sizeof(text)), sl_errors_text(&errors));
}

static struct world read_world(void)
{
	struct world world;

	world_init(&world, dataplane_size(dataplane));
	cr_assert_eq(dataplane_read(dataplane, &world, &errors), 0);
	return world;
}

static void expect_equal(const struct world *expected)
{
	struct world got = read_world();

	got.program = expected->program;
	cr_expect(world_equal(&got, expected));
	world_deinit(&got);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static struct vip vip(const char *address, uint16_t port, uint8_t protocol, uint32_t service)
{
	struct vip made = {
		.port_be = htons(port),
		.protocol = protocol,
		.service = service,
	};

	cr_assert(address_parse(address, &made.address));
	return made;
}

static const struct backend_entry a_backend = {
	.state = BACKEND_UP,
	.forward = FORWARD_IPIP,
	.family = 4,
	.service = 3,
	.next_hop = {.mac = {2, 0, 0, 0, 0, 9}, .egress = 5},
	.addr_be = {0x0100000a},
};

/* One of each kind that the maps hold; each last index, where a wrong size would show. */
static size_t list_steps(struct step *ret_steps)
{
	const struct step steps[] = {
		{.kind = STEP_VIP, .after.vip = vip("192.0.2.1", 443, IPPROTO_TCP, 3)},
		{.kind = STEP_VIP, .after.vip = vip("192.0.2.1", 80, IPPROTO_TCP, 2)},
		{.kind = STEP_VIP, .after.vip = vip("192.0.2.1", 0, IPPROTO_ICMP, SERVICE_NONE)},
		{.kind = STEP_VIP, .after.vip = vip("2001:db8::1", 53, IPPROTO_UDP, 8)},
		{.kind = STEP_SLOT, .index = 255, .after.slot = SLOT(31, 7)},
		{.kind = STEP_CHUNK, .index = 14, .after.chunk = {{1, 2, 3, [15] = 16}}},
		{.kind = STEP_SERVICE_WORD,
		 .index = 8,
		 .after.word = SERVICE_WORD(15, 4, ALGORITHM_SOURCE_HASH, WHEN_EMPTY_DROP,
					    TRACKING_MOVING, 24)},
		{.kind = STEP_SERVICE_GRACE, .index = 8, .after.word = 0x1122334455667788},
		{.kind = STEP_BACKEND_ENTRY, .index = 31, .after.backend = a_backend},
		{.kind = STEP_BACKEND_STATE,
		 .index = 31,
		 .before.state = BACKEND_UP,
		 .after.state = BACKEND_DRAINING},
		{.kind = STEP_BACKEND_NEXT_HOP,
		 .index = 31,
		 .before.word = a_backend.next_hop.word,
		 .after.word = 0x0007060504030201},
		{.kind = STEP_EGRESS, .index = 63, .after.egress = {9, {2, 0, 0, 0, 0, 1}, 9000}},
		{.kind = STEP_EGRESS, .index = 1, .after.egress = {4, {2, 0, 0, 0, 0, 2}, 1500}},
	};

	memcpy(ret_steps, steps, sizeof(steps));
	return sl_count(steps);
}

#define STEPS_MAX 32

Test(dataplane, each_step_is_read_back_and_so_is_its_inverse)
{
	struct step steps[STEPS_MAX];
	size_t count = list_steps(steps);
	struct world world;

	world_init(&world, dataplane_size(dataplane));
	for (size_t i = 0; i < count; i++) {
		apply(&steps[i]);
		world_apply(&world, &steps[i], 1);
		expect_equal(&world);
	}
	while (count--) {
		struct step inverse = step_inverse(&steps[count]);

		apply(&inverse);
		world_apply(&world, &inverse, 1);
		expect_equal(&world);
	}
	world_deinit(&world);
	world_init(&world, dataplane_size(dataplane));
	expect_equal(&world);
	world_deinit(&world);
}

/* What is mapped is what the packet path's look-ups see. */
Test(dataplane, stores_reach_the_maps)
{
	struct step steps[STEPS_MAX];
	size_t count = list_steps(steps);
	struct backend_entry backend;
	struct slot_chunk chunk;
	struct {
		struct egress_entry entry;
		__u32 padding;
	} egress;
	__u32 last_backend = 31, last_chunk = 15, last_egress = 63;

	for (size_t i = 0; i < count; i++)
		apply(&steps[i]);
	bpf_map_lookup_elem(program_map_fd(program, MAP_backends), &last_backend, &backend);
	cr_expect_eq(backend.state, BACKEND_DRAINING);
	cr_expect_eq(backend.next_hop.mac[0], 1);
	cr_expect_eq(backend.next_hop.egress, 7);
	bpf_map_lookup_elem(program_map_fd(program, MAP_slots), &last_chunk, &chunk);
	cr_expect_eq(chunk.slot[15], SLOT(31, 7));
	bpf_map_lookup_elem(program_map_fd(program, MAP_egress), &last_egress, &egress);
	cr_expect_eq(egress.entry.ifindex, 9);
	cr_expect_eq(egress.entry.mtu, 9000);
}

Test(dataplane, a_program_step_loads)
{
	struct step step = {.kind = STEP_PROGRAM, .after.program = veth_program};
	struct config_interface interface = {.name = VETH_IN};

	cr_expect_lt(program_attach(program, &interface, NULL), 0);
	apply(&step);
	cr_expect_eq(program_attach(program, &interface, &errors), 0);
}

Test(dataplane, more_vips_than_there_is_room_for)
{
	struct step step = {.kind = STEP_VIP};
	unsigned taken = 0;
	int err;

	for (;; taken++) {
		step.after.vip = vip("192.0.2.1", taken + 1, IPPROTO_TCP, 1);
		err = dataplane_apply(dataplane, &step, &errors);
		if (err)
			break;
	}
	cr_expect_eq(taken, 2 * veth_capacity.services);
	cr_expect_eq(err, -E2BIG);
	cr_expect_eq(errors.count, 1);
}

/* ---- counters -------------------------------------------------------------------------------- */

static void set_counters(enum map_number map, uint32_t index, uint64_t first, size_t words)
{
	size_t cpus = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *values = sl_calloc(cpus * words, sizeof(*values));

	for (size_t i = 0; i < cpus * words; i++)
		values[i] = first + i % words;
	cr_assert_eq(bpf_map_update_elem(program_map_fd(program, map), &index, values, 0), 0);
}

Test(dataplane, counters_are_sums_over_cpus)
{
	uint64_t cpus = libbpf_num_possible_cpus(), events[FLOW_EVENT_COUNT];
	struct verdict_counter verdicts[VERDICT_COUNT];
	struct traffic_counter traffic[32];

	set_counters(MAP_verdict_counters, VERDICT_COUNT - 1, 10, 2);
	set_counters(MAP_flow_events, FLOW_EVENT_COUNT - 1, 7, 1);
	set_counters(MAP_service_counters, 8, 100, 3);
	set_counters(MAP_backend_counters, 31, 1000, 3);
	cr_assert_eq(dataplane_verdicts(dataplane, verdicts), 0);
	cr_expect_eq(verdicts[VERDICT_COUNT - 1].packets, 10 * cpus);
	cr_expect_eq(verdicts[VERDICT_COUNT - 1].bytes, 11 * cpus);
	cr_expect_eq(verdicts[0].packets, 0);
	cr_assert_eq(dataplane_flow_events(dataplane, events), 0);
	cr_expect_eq(events[FLOW_EVENT_COUNT - 1], 7 * cpus);
	cr_assert_eq(dataplane_service_traffic(dataplane, traffic, 9), 0);
	cr_expect_eq(traffic[8].new_flows, 102 * cpus);
	cr_assert_eq(dataplane_backend_traffic(dataplane, traffic, 32), 0);
	cr_expect_eq(traffic[31].bytes, 1001 * cpus);
	cr_expect_eq(traffic[30].bytes, 0);
	cr_assert_eq(dataplane_backend_traffic(dataplane, traffic, 5), 0, "fewer than there are");
}

/* More than one batch, and a last one that is not full. */
Test(dataplane, counters_of_many)
{
	enum { COUNT = 600 };
	int map = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "many", 4, 24, COUNT, NULL);
	size_t cpus = libbpf_num_possible_cpus();
	struct traffic_counter *values = sl_calloc(cpus, sizeof(*values));
	struct traffic_counter *sums = sl_calloc(COUNT, sizeof(*sums));
	int fds[MAP_COUNT];
	struct dataplane *other;

	for (__u32 i = 0; i < COUNT; i++) {
		values[0].packets = i + 1;
		cr_assert_eq(bpf_map_update_elem(map, &i, values, 0), 0);
	}
	for (enum map_number number = 0; number < MAP_COUNT; number++)
		fds[number] = dup(program_map_fd(program, number));
	dup2(map, fds[MAP_service_counters]);
	cr_assert_eq(dataplane_open(fds, &veth_capacity, NULL, NULL, &other, &errors), 0);
	cr_assert_eq(dataplane_service_traffic(other, sums, COUNT), 0);
	for (__u32 i = 0; i < COUNT; i++)
		cr_assert_eq(sums[i].packets, i + 1, "%u", i);
	cr_expect_lt(dataplane_service_traffic(other, sums, COUNT + 1), 0, "more than there are");
	dataplane_close(other);
	close(map);
	free(values);
	free(sums);
}

Test(dataplane, a_new_backend_has_no_past)
{
	struct step step = {.kind = STEP_BACKEND_ENTRY, .index = 31, .after.backend = a_backend};
	struct traffic_counter traffic[32];

	set_counters(MAP_backend_counters, 31, 1000, 3);
	apply(&step);
	cr_assert_eq(dataplane_backend_traffic(dataplane, traffic, 32), 0);
	cr_expect_eq(traffic[31].packets, 0);
}

/* ---- explain --------------------------------------------------------------------------------- */

/* A service with one backend on one settled table, so that a packet has a long way to go. */
static void make_service(void)
{
	struct step steps[] = {
		{.kind = STEP_PROGRAM, .after.program = veth_program},
		{.kind = STEP_VIP, .after.vip = vip("192.0.2.1", 443, IPPROTO_TCP, 1)},
		{.kind = STEP_EGRESS, .index = 1, .after.egress = {1, {2, 0, 0, 0, 0, 1}, 1500}},
		{.kind = STEP_BACKEND_ENTRY, .index = 4, .after.backend = a_backend},
		{.kind = STEP_CHUNK},
		{.kind = STEP_SERVICE_WORD,
		 .index = 1,
		 .after.word =
			 SERVICE_WORD(0, 4, ALGORITHM_MAGLEV, WHEN_EMPTY_RESET, TRACKING_ALL, 32)},
	};

	steps[0].after.program.features |= FEATURE_TRACK_ALL;
	steps[3].after.backend.service = 1;
	steps[3].after.backend.next_hop.egress = 1;
	for (size_t i = 0; i < SLOTS_PER_CHUNK; i++)
		steps[4].after.chunk.slot[i] = SLOT(4, 4);
	for (size_t i = 0; i < sl_count(steps); i++)
		apply(&steps[i]);
}

/* A SYN to 192.0.2.1:443, without checksums: the packet path doesn't look at them. */
static const unsigned char syn[60] = {2,    0,	  0,	0,  0,	 1,  2,	  0, 0,	   0, 0,    2,
				      8,    0,	  0x45, 0,  0,	 40, 0,	  1, 0x40, 0, 64,   6,
				      0,    0,	  198,	51, 100, 1,  192, 0, 2,	   1, 0x30, 0x39,
				      0x01, 0xbb, 0,	0,  0,	 1,  0,	  0, 0,	   0, 0x50, 2};

static struct flow_bucket *copy_flows(void)
{
	uint32_t buckets;
	const struct flow_bucket *flows = dataplane_flows(dataplane, &buckets);

	cr_assert_eq(buckets, 256);
	return memcpy(sl_calloc(buckets, sizeof(*flows)), flows, buckets * sizeof(*flows));
}

Test(dataplane, explain_tells_and_changes_nothing)
{
	struct verdict_counter verdicts[VERDICT_COUNT], before[VERDICT_COUNT];
	struct explanation explanation;
	struct program_run run;
	struct flow_bucket *flows, *after;
	struct world world;

	make_service();
	world = read_world();
	world.program = veth_program;
	flows = copy_flows();
	dataplane_verdicts(dataplane, before);
	cr_assert_eq(program_explain(program, VETH_IN, syn, sizeof(syn), &run, &errors), 0, "%s",
		     sl_errors_text(&errors));
	dataplane_explanation(dataplane, &explanation);
	cr_expect_eq(explanation.service, 1);
	cr_expect_eq(explanation.backend, 4);
	cr_expect_eq(explanation.slot_word, SLOT(4, 4));
	cr_expect(explanation.verdict == VERDICT_FORWARDED ||
		  explanation.verdict == VERDICT_REDIRECTED);
	cr_expect_eq(run.size, sizeof(syn) + 20, "encapsulated: %u", run.size);
	cr_expect_eq(run.frame[14 + 9], IPPROTO_IPIP);
	expect_equal(&world);
	dataplane_verdicts(dataplane, verdicts);
	cr_expect_arr_eq(verdicts, before, sizeof(before));
	after = copy_flows();
	cr_expect_arr_eq(after, flows, 256 * sizeof(*flows));
	free(after);
	free(flows);
	world_deinit(&world);
}

Test(dataplane, explain_refuses_what_is_no_frame)
{
	unsigned char frame[2048] = {};
	struct program_run run;

	cr_expect_lt(program_explain(program, VETH_IN, syn, sizeof(syn), &run, NULL), 0,
		     "nothing is loaded");
	make_service();
	cr_expect_eq(program_explain(program, VETH_IN, frame, 13, &run, &errors), -EMSGSIZE);
	cr_expect_eq(program_explain(program, VETH_IN, frame, 2048, &run, &errors), -EMSGSIZE);
	cr_expect_eq(program_explain(program, "absent0", frame, 60, &run, &errors), -ENODEV);
	cr_expect_eq(program_explain(program, VETH_IN, frame, 1984, &run, &errors), 0);
	cr_expect_eq(run.action, XDP_PASS);
}

/* ---- without privileges ---------------------------------------------------------------------- */

static bool all_works(void)
{
	struct step steps[STEPS_MAX];
	size_t count = list_steps(steps);
	struct verdict_counter verdicts[VERDICT_COUNT];
	struct traffic_counter traffic[32];
	uint64_t events[FLOW_EVENT_COUNT];
	struct world world;
	bool works = true;

	dataplane = open_dataplane();
	for (size_t i = 0; i < count; i++)
		works &= !dataplane_apply(dataplane, &steps[i], &errors);
	for (size_t i = count; i--;) {
		struct step inverse = step_inverse(&steps[i]);

		works &= !dataplane_apply(dataplane, &inverse, &errors);
	}
	world_init(&world, dataplane_size(dataplane));
	works &= !dataplane_read(dataplane, &world, &errors);
	works &= !dataplane_verdicts(dataplane, verdicts);
	works &= !dataplane_flow_events(dataplane, events);
	works &= !dataplane_service_traffic(dataplane, traffic, 9);
	works &= !dataplane_backend_traffic(dataplane, traffic, 32);
	return works;
}

Test(dataplane, descriptors_are_all_it_needs)
{
	int status;
	pid_t worker;

	dataplane_close(steal(&dataplane));
	worker = fork();
	if (!worker) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || setgid(65534) || setuid(65534))
			_exit(2);
		if (bpf_map_create(BPF_MAP_TYPE_ARRAY, "", 4, 4, 1, NULL) >= 0)
			_exit(3); /* still privileged */
		_exit(all_works() ? 0 : 1);
	}
	cr_assert_eq(waitpid(worker, &status, 0), worker);
	cr_expect_eq(status, 0, "status %x", status);
}
