// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzes the packet path as plain C: four bytes say how the service stands, the rest is a frame.
 *
 * Whatever the frame, exactly one verdict is counted, the action is a real one, and what is passed is
 * unchanged. The sanitizers see the rest: the frame's memory ends where the frame does.
 */
#include "stages/native.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const __u8 vip6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};

static void add_vips(void)
{
	static const __u8 protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6};

	for (int i = 0; i < 4; i++) {
		bool ported = i < 2;
		struct vip4_key key4 = {.addr_be = htobe32(0xc6336401),
					.protocol = protocols[i],
					.port_be = ported ? htobe16(80) : 0};
		struct vip6_key key6 = {.protocol = protocols[i]};

		memcpy(key6.addr_be, vip6, sizeof(vip6));
		host_hash_put(&vips4, &key4, ported ? 1 : SERVICE_NONE);
		host_hash_put(&vips6, &key6, ported ? 1 : SERVICE_NONE);
	}
}

/* how[0]: states of the backends; [1]: the service; [2]: slots; [3]: the clock and the route. */
static void arrange(const __u8 how[4])
{
	static const __u32 words[] = {SLOT(0, 0), SLOT(1, 0), SLOT(2, SLOT_NONE), SLOT(3, 1),
				      SLOT(SLOT_NONE, SLOT_NONE)};

	config.features = FEATURE_ALL;
	config.outer4_bits = 16;
	config.outer6_bits = 64;
	for (int i = 0; i < 4; i++)
		backends.value[i] = (struct backend_entry){
			.state = how[0] >> 2 * i & 3,
			.service = 1,
			.forward = i == 3,
			.family = i % 2 ? 6 : 4,
			.next_hop = {.egress = i < 2},
		};
	services.value[1].word =
		SERVICE_WORD(0, 4, how[1] & 3, how[1] >> 2 & 3, how[1] >> 4 & 1, 1 + how[1] / 2);
	for (int i = 0; i < SLOTS_PER_CHUNK; i++)
		slots.value[0].slot[i] = words[how[2] % 5];
	egress.value[1] = (struct egress_entry){.ifindex = 1 + how[3] % 2, .mtu = 1500};
	host.now_ns = (__u64)how[3] << FLOW_TICK_SHIFT;
	host.fib_result = how[3] & 4 ? BPF_FIB_LKUP_RET_SUCCESS : BPF_FIB_LKUP_RET_NO_NEIGH;
}

static __u64 count_verdicts(void)
{
	__u64 sum = 0;

	for (int i = 0; i < VERDICT_COUNT; i++)
		sum += verdict_counters.value[i].packets;
	return sum;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct frame in, out;
	__u64 before;
	int action;

	if (size < 4 + ETH_HLEN || size > FRAME_MAX)
		return 0;
	if (!services.value) {
		native_open(2, 1, 4, 2);
		add_vips();
	}
	arrange(data);
	in.length = size - 4;
	memcpy(in.bytes, data + 4, in.length);
	out = in;
	before = count_verdicts();
	action = native_run(&out);
	if (count_verdicts() != before + 1)
		abort();
	if (action == XDP_ABORTED || action > XDP_REDIRECT)
		abort();
	if (action == XDP_PASS &&
	    (out.length != in.length || memcmp(out.bytes, in.bytes, in.length) != 0))
		abort();
	if (verdict_counters.value[VERDICT_INTERNAL].packets != 0)
		abort();
	return 0;
}
