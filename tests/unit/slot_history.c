// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The invariant of the slot table, over the packet path itself: every live flow without a record belongs
 * to origin while its slot moves, and to current otherwise. So whatever happens to slots and backends, no
 * live flow changes its backend while that backend is up.
 *
 * A history is some thousand random steps of a service with 16 slots and five backends: the plan gives
 * slots away, backends die, come back, are drained; TCP and UDP flows begin, speak, fall silent. Live
 * means: speaks at least once per drain time (TCP) or grace (UDP). Clients use their ports again, and no new
 * flow goes to a drained backend, whatever record the last flow of these ports left.
 *
 * Two of the rules are left out in turn, to see that the test would notice.
 */
#include "stages/native.h"

#include "balance/slots.h"
#include "stages/check.h"

#define BACKENDS  5
#define SLOTS	  16
#define BUCKETS	  256
#define FLOWS	  64
#define STEPS	  5000
#define HISTORIES 40
#define DRAIN_S	  300u
#define GRACE_S	  60u
#define IDLE_S	  900u
#define REUSE_S	  13u /* SELECT_ACTIVE_TICKS are over */
#define SECOND	  1000000000ull
#define SERVICE	  1u

/* ---- the site ---------------------------------------------------------------------------------- */

struct flow {
	__u32 serial; /* 0: none; its source address */
	bool live;
	int backend;
	__u64 seen_s;
	bool udp;
};

struct history {
	unsigned int seed;
	__u64 now_s;
	__u64 moved_s[SLOTS];
	struct flow flows[FLOWS];
	__u32 serial;
	bool give_back, come_back; /* are these rules kept? */
	int broken, refused, reused, to_drained, packets;
};

static __u32 draw(struct history *h, __u32 below)
{
	return (__u32)rand_r(&h->seed) % below;
}

static bool is_up(const void *context, __u16 backend)
{
	return backend < BACKENDS && backends.value[backend].state == BACKEND_UP;
}

static bool is_usable(const void *context, __u16 backend)
{
	return backend < BACKENDS && BACKEND_USABLE(backends.value[backend].state);
}

static int count_up(void)
{
	int n = 0;

	for (int i = 0; i < BACKENDS; i++)
		n += is_up(NULL, i);
	return n;
}

static int draw_backend(struct history *h, bool up)
{
	int i;

	do
		i = draw(h, BACKENDS);
	while (is_up(NULL, i) != up);
	return i;
}

static void site_open(struct history *h)
{
	const struct vip4_key tcp = {
		.addr_be = htobe32(0xc6336401), .port_be = htobe16(80), .protocol = IPPROTO_TCP};
	const struct vip4_key udp = {
		.addr_be = htobe32(0xc6336401), .port_be = htobe16(53), .protocol = IPPROTO_UDP};

	native_open(4, 4, BACKENDS, BUCKETS);
	config = (struct program_config){
		.features = FEATURE_ALL,
		.outer4_bits = 16,
		.outer6_bits = 64,
		.idle_unconfirmed_ticks = IDLE_S / 4,
		.idle_established_ticks = IDLE_S / 4,
		.idle_closing_ticks = IDLE_S / 4,
	};
	host_hash_put(&vips4, &tcp, SERVICE);
	host_hash_put(&vips4, &udp, SERVICE);
	egress.value[1] = (struct egress_entry){.ifindex = 1, .mtu = 1500};
	services.value[SERVICE].word =
		SERVICE_WORD(1, 4, ALGORITHM_MAGLEV, WHEN_EMPTY_DROP, TRACKING_MOVING, 0);
	for (int i = 0; i < BACKENDS; i++)
		backends.value[i] = (struct backend_entry){
			.state = BACKEND_UP,
			.forward = FORWARD_L2,
			.family = 4,
			.service = SERVICE,
			.next_hop = {.mac = {2, 0, 0, 0, 0, i}, .egress = 1},
		};
	for (int i = 0; i < SLOTS; i++)
		slots.value[1].slot[i] = SLOT(i % BACKENDS, i % BACKENDS);
	h->now_s = 100;
}

/* ---- what the daemon does ---------------------------------------------------------------------- */

static void change_slot(struct history *h, int i, int backend)
{
	__u32 *word = &slots.value[1].slot[i], was = *word;

	services.value[SERVICE].grace_until_ns = (h->now_s + GRACE_S) * SECOND;
	*word = slot_change(was, backend, is_usable, NULL);
	if (!h->give_back && SLOT_ORIGIN(was) == (__u32)backend &&
	    SLOT_CURRENT(was) != (__u32)backend)
		*word = SLOT(backend, backend);
	if (*word != was)
		h->moved_s[i] = h->now_s;
}

static void change_some(struct history *h)
{
	for (int i = 0; i < SLOTS; i++)
		if (draw(h, 2))
			change_slot(h, i, draw_backend(h, true));
}

static void rebuild(struct history *h)
{
	for (int i = 0; i < SLOTS; i++)
		if (!is_up(NULL, SLOT_CURRENT(slots.value[1].slot[i])))
			change_slot(h, i, draw_backend(h, true));
}

static void die(struct history *h, int backend)
{
	backends.value[backend].state = BACKEND_DOWN;
	for (int i = 0; i < FLOWS; i++)
		if (h->flows[i].backend == backend)
			h->flows[i].live = false;
}

static void drain(struct history *h, int backend)
{
	backends.value[backend].state = BACKEND_DRAINING;
	rebuild(h);
}

static void come_back(struct history *h, int backend)
{
	for (int i = 0; i < SLOTS && h->come_back; i++)
		slots.value[1].slot[i] = slot_before_up(slots.value[1].slot[i], backend);
	backends.value[backend].state = BACKEND_UP;
}

/* Retires records; returns which slots have one that names another backend than their current. */
static __u32 scan_records(struct history *h)
{
	__u32 other = 0;

	for (int i = 0; i < BUCKETS * FLOWS_PER_BUCKET; i++) {
		__u64 *entry = &flows.value[0].entry[0] + i;
		__u32 slot = (__u64)FLOW_SIGNATURE(*entry) * SLOTS >> 32;
		__u32 now_tick = h->now_s * SECOND >> FLOW_TICK_SHIFT;

		if (!*entry)
			continue;
		if (flow_idle_ticks(*entry, now_tick) > IDLE_S / 4 ||
		    !is_usable(NULL, FLOW_BACKEND(*entry)))
			*entry = 0;
		else if (FLOW_BACKEND(*entry) != SLOT_CURRENT(slots.value[1].slot[slot]))
			other |= 1u << slot;
	}
	return other;
}

static void scan(struct history *h)
{
	__u32 other = scan_records(h);

	for (int i = 0; i < SLOTS; i++) {
		__u32 *word = &slots.value[1].slot[i];

		if (h->now_s - h->moved_s[i] >= DRAIN_S || !is_usable(NULL, SLOT_ORIGIN(*word)))
			*word = slot_drained(*word);
		if (is_usable(NULL, SLOT_CURRENT(*word)) && !(other & 1u << i))
			*word = slot_settle(*word);
	}
}

/* ---- what clients do --------------------------------------------------------------------------- */

/* Sends a packet of a flow; returns the backend it goes to, -1 for none. */
static int speak(struct history *h, const struct flow *f, bool first)
{
	struct frame frame;
	unsigned char *source;

	frame_build(&frame, (struct frame_spec){.protocol = f->udp ? IPPROTO_UDP : IPPROTO_TCP,
						.tcp_flags = first ? SYN : ACK});
	source = frame.bytes + frame.l3 + 12;
	source[0] = 10, source[1] = f->serial >> 16, source[2] = f->serial >> 8,
	source[3] = f->serial;
	host.now_ns = h->now_s * SECOND;
	h->packets++;
	return native_run(&frame) == XDP_TX ? frame.bytes[5] : -1;
}

static void begin_flow(struct history *h)
{
	struct flow *f = &h->flows[draw(h, FLOWS)];
	bool again = f->serial && !f->udp && h->now_s - f->seen_s >= REUSE_S && draw(h, 2);

	if (!again)
		*f = (struct flow){.serial = ++h->serial, .udp = draw(h, 5) < 2};
	f->seen_s = h->now_s;
	f->backend = speak(h, f, true);
	f->live = f->backend >= 0;
	h->refused += !f->live;
	h->reused += again;
	h->to_drained += f->live && !f->udp && !is_up(NULL, f->backend);
}

static void continue_flow(struct history *h)
{
	struct flow *f = &h->flows[draw(h, FLOWS)];
	int backend;

	if (!f->live)
		return;
	if (h->now_s - f->seen_s >= (f->udp ? GRACE_S : DRAIN_S)) {
		f->live = false; /* silent for too long */
		return;
	}
	backend = speak(h, f, false);
	h->broken += backend != f->backend;
	f->seen_s = h->now_s;
	f->live = backend == f->backend;
}

static void step(struct history *h, int number)
{
	static const int waits[] = {0, 1, 1, 2, 5};
	__u32 x = draw(h, 1000);

	h->now_s += waits[draw(h, 5)];
	if (number % 3 == 0)
		scan(h);
	if (x < 10)
		change_some(h);
	else if (x < 20 && count_up() > 2)
		die(h, draw_backend(h, true));
	else if (x < 30 && count_up() < BACKENDS)
		come_back(h, draw_backend(h, false));
	else if (x < 40 && count_up() > 2)
		drain(h, draw_backend(h, true));
	else if (x < 60)
		rebuild(h);
	for (int i = 0; i < 4; i++)
		if (draw(h, 100) < 15)
			begin_flow(h);
		else
			continue_flow(h);
}

static struct history run_histories(bool give_back, bool keep_come_back)
{
	struct history sum = {0};

	for (int seed = 1; seed <= HISTORIES; seed++) {
		struct history h = {
			.seed = seed, .give_back = give_back, .come_back = keep_come_back};

		site_open(&h);
		for (int i = 0; i < STEPS; i++)
			step(&h, i);
		sum.broken += h.broken;
		sum.refused += h.refused;
		sum.reused += h.reused;
		sum.to_drained += h.to_drained;
		sum.packets += h.packets;
	}
	return sum;
}

static void case_designed(void)
{
	struct history h = run_histories(true, true);

	CHECK_EQUAL(h.broken, 0);
	CHECK_EQUAL(h.to_drained, 0);
	CHECK(h.reused > HISTORIES * 100);
	CHECK(h.packets > HISTORIES * STEPS);
	CHECK(h.refused < h.packets / 100);
}

static void case_no_give_back(void)
{
	CHECK(run_histories(false, true).broken > 0);
}

static void case_no_come_back(void)
{
	CHECK(run_histories(true, false).broken > 0);
}

int main(void)
{
	static const struct check_case cases[] = {
		{"no live flow changes its backend, and no new one goes to a drained one",
		 case_designed},
		{"without the give-back rule some do", case_no_give_back},
		{"without the come-back rule some do", case_no_come_back},
	};

	return check_run(cases, 3);
}
