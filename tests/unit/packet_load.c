// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Under load on two CPUs at once, and while programs are swapped, the verdicts sum to the packets: live
 * frames of every kind, by way of a veth pair, into the attached program. What came in is the
 * interface's own count. Needs root and two CPUs.
 *
 * A veth pair hands frames over on the CPU that sends them. Calls with few frames each spend their time
 * on being set up, so the CPUs seldom meet there: the last one is long, and both begin it together.
 */
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "base/memory.h"
#include "stages/setup.h"
#include "veth.h"

#define CPUS   2
#define CALLS  39
#define BATCH  64 /* the ring of a veth queue holds 256 */
#define LONG   100000
#define SOURCE 200

struct sender {
	pthread_t thread;
	int cpu;
	int generator; /* program */
	bool failed;
};

static bool all_sent;
static pthread_barrier_t together;

/* ---- programs beside the one that is tested ---------------------------------------------------- */

static int load_instructions(const struct bpf_insn *instructions, size_t count)
{
	return bpf_prog_load(BPF_PROG_TYPE_XDP, "packet_load", "GPL", instructions, count, NULL);
}

/* Sends every frame out by an interface. */
static int load_generator(unsigned ifindex)
{
	const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = ifindex},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load_instructions(instructions, 4);
}

/* XDP_TX arrives only where a native program is. */
static int load_sink(void)
{
	const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_DROP},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load_instructions(instructions, 2);
}

/* ---- what is sent ------------------------------------------------------------------------------ */

static const struct frame_spec kinds[] = {
	{.tcp_flags = SYN},
	{.tcp_flags = ACK},
	{.tcp_flags = FIN | ACK},
	{.protocol = IPPROTO_UDP},
	{.destination = SETUP_ANY_VIP4, .destination_port = 7, .tcp_flags = SYN},
	{.destination = SETUP_ANY_VIP4, .destination_port = 7, .tcp_flags = ACK},
	{.destination = "198.51.100.77"},
	{.family = 6, .tcp_flags = ACK, .extensions = {60}},
	{.family = 6, .protocol = IPPROTO_UDP, .vlan = 12},
	{.protocol = IPPROTO_ICMP, .icmp_type = 8},
	{.protocol = IPPROTO_ICMP, .icmp_type = 8, .source = "127.0.0.1"},
	{.fragment = 0x2000},
	{.tcp_flags = ACK, .payload = 1460},
};

/* One slot after the other moves: records are begun and refreshed on both CPUs. */
static void build_site(unsigned ifindex)
{
	const struct egress_entry egress = {ifindex, {2, 0, 0, 0, 0, 2}, SETUP_MTU};
	__u32 one = 1;

	setup_site(FEATURE_ALL);
	world_put(MAP_egress, &one, &egress);
	setup_slots(WEB4, BACKEND(WEB4, 1), BACKEND(WEB4, 0));
	setup_slots(DNS4, BACKEND(DNS4, 3), BACKEND(DNS4, 3));
	setup_service(ANY4, ALGORITHM_ROUND_ROBIN, WHEN_EMPTY_RESET, TRACKING_ALL, 0);
	for (int i = 0; i < SETUP_BACKENDS; i++)
		setup_state(BACKEND(DNS6, i), BACKEND_DOWN);
}

static void send_frames(struct sender *sender, struct frame_spec spec, int count)
{
	struct frame frame;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.bytes, .repeat = count,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);

	frame_build(&frame, spec);
	run.data_size_in = frame.length;
	sender->failed |= bpf_prog_test_run_opts(sender->generator, &run) != 0;
}

/*
 * Each call has pages of its own, so that no frame is sent a second time as the program left it. The
 * long one's frames pass as they are.
 */
static void *send_all(void *context)
{
	struct sender *sender = context;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sender->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (unsigned i = 0; i < CALLS; i++) {
		struct frame_spec spec = kinds[i % sl_count(kinds)];

		spec.source_port = 1024 + i % SOURCE;
		send_frames(sender, spec, BATCH);
	}
	pthread_barrier_wait(&together);
	send_frames(sender, (struct frame_spec){.destination = "198.51.100.77"}, LONG);
	return NULL;
}

static void *swap_programs(void *context)
{
	int *link = context, programs[2];
	long swaps = 0;

	world_programs(programs);
	while (!__atomic_load_n(&all_sent, __ATOMIC_ACQUIRE)) {
		swaps += bpf_link_update(*link, programs[swaps % 2 == 0], NULL) == 0;
		usleep(5000);
	}
	return (void *)swaps;
}

/* ---- the two counts ---------------------------------------------------------------------------- */

static __u64 count_received(const char *interface)
{
	struct ifaddrs *all, *i;
	__u64 count = 0;

	if (getifaddrs(&all))
		return 0;
	for (i = all; i; i = i->ifa_next)
		if (!strcmp(i->ifa_name, interface) && i->ifa_addr &&
		    i->ifa_addr->sa_family == AF_PACKET)
			count = ((struct rtnl_link_stats *)i->ifa_data)->rx_packets;
	freeifaddrs(all);
	return count;
}

static __u64 sum_verdicts(unsigned *ret_kinds)
{
	struct verdict_counter counter;
	__u64 sum = 0;

	*ret_kinds = 0;
	for (__u32 i = 0; i < VERDICT_COUNT; i++) {
		world_get(MAP_verdict_counters, &i, &counter);
		sum += counter.packets;
		*ret_kinds += counter.packets != 0;
	}
	return sum;
}

/* The fewest that a CPU counted of what the long calls send. */
static __u64 least_of_cpus(void)
{
	struct verdict_counter counter;
	const __u32 passed = VERDICT_NOT_SERVICE;
	__u64 least = ~0ull;

	for (int cpu = 0; cpu < CPUS; cpu++) {
		world_get_of_cpu(MAP_verdict_counters, &passed, cpu, &counter);
		least = counter.packets < least ? counter.packets : least;
	}
	return least;
}

/* Frames are on their way for a moment after they were sent: until nothing more comes. */
static __u64 wait_for_silence(void)
{
	__u64 before, now = count_received(VETH_IN);
	unsigned tries = 50;

	do {
		before = now;
		usleep(20000);
		now = count_received(VETH_IN);
	} while (now != before && tries--);
	return now;
}

static void case_sum(void)
{
	struct sender senders[CPUS];
	unsigned in = if_nametoindex(VETH_IN), out = if_nametoindex(VETH_OUT), n_kinds;
	int programs[2], link;
	__u64 not_counted, received;
	pthread_t swapper;
	void *swaps;

	build_site(in);
	world_programs(programs);
	link = bpf_link_create(
		programs[0], in, BPF_XDP,
		&(struct bpf_link_create_opts){.sz = sizeof(struct bpf_link_create_opts),
					       .flags = XDP_FLAGS_DRV_MODE});
	CHECK(link >= 0);
	CHECK_EQUAL(bpf_xdp_attach(out, load_sink(), XDP_FLAGS_DRV_MODE, NULL), 0);
	not_counted = count_received(VETH_IN) - sum_verdicts(&n_kinds);
	pthread_barrier_init(&together, NULL, CPUS);
	pthread_create(&swapper, NULL, swap_programs, &link);
	for (int i = 0; i < CPUS; i++) {
		senders[i] = (struct sender){.cpu = i, .generator = load_generator(out)};
		pthread_create(&senders[i].thread, NULL, send_all, &senders[i]);
	}
	for (int i = 0; i < CPUS; i++) {
		pthread_join(senders[i].thread, NULL);
		CHECK(!senders[i].failed);
	}
	__atomic_store_n(&all_sent, true, __ATOMIC_RELEASE);
	pthread_join(swapper, &swaps);
	received = wait_for_silence() - not_counted;
	printf("# %llu frames received of %d sent, %ld swaps, %llu by the CPU with the fewest\n",
	       received, CPUS * (CALLS * BATCH + LONG), (long)swaps, least_of_cpus());
	CHECK_EQUAL(sum_verdicts(&n_kinds), received);
	CHECK(least_of_cpus() > LONG / 2);
	CHECK(n_kinds >= 8);
	CHECK((long)swaps > 2);
	close(link);
}

int main(void)
{
	static const struct check_case cases[] = {
		{"verdicts sum to packets, on two CPUs and over swaps", case_sum},
	};

	if (geteuid() != 0 || sysconf(_SC_NPROCESSORS_ONLN) < CPUS) {
		printf("1..0 # SKIP needs root and two CPUs\n");
		return 0;
	}
	if (!veth_enter())
		return 1;
	if (system("ethtool -L " VETH_OUT " rx 2 tx 2 && ethtool -L " VETH_IN " rx 2 tx 2"))
		return 1;
	return check_run(cases, 1);
}
