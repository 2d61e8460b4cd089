/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * native.h - the whole packet path as plain C, for the one file of a test that includes this. Its maps
 * are open once native_open() has run, and empty again after each native_clear().
 */
#ifndef SLUICE_TESTS_NATIVE_H
#define SLUICE_TESTS_NATIVE_H

#include "packet.h"

int sluice(struct xdp_md *ctx);

#include "sluice.bpf.c"

#include "stages/frame.h"

#define NATIVE_HEADROOM 256

/* A frame's memory: 2 mod 4, as the kernel's, and not a byte longer than it says. */
struct native_buffer {
	struct xdp_md ctx;
	unsigned char *memory;
};

static inline void native_buffer_init(struct native_buffer *b, const struct frame *f,
				      __u32 headroom)
{
	__u32 start = headroom + 2;

	b->memory = malloc(start + f->length);
	memcpy(b->memory + start, f->bytes, f->length);
	b->ctx = (struct xdp_md){
		.hard_start = (unsigned long)b->memory + 2,
		.data = (unsigned long)b->memory + start,
		.data_end = (unsigned long)b->memory + start + f->length,
		.ingress_ifindex = 1,
	};
}

static inline void native_buffer_deinit(struct native_buffer *b, struct frame *ret_frame)
{
	ret_frame->length = b->ctx.data_end - b->ctx.data;
	memcpy(ret_frame->bytes, (void *)b->ctx.data, ret_frame->length);
	free(b->memory);
}

/* Runs the program over a frame, which becomes its output. Returns the action. */
static inline int native_run(struct frame *f)
{
	struct native_buffer buffer;
	int action;

	native_buffer_init(&buffer, f, NATIVE_HEADROOM);
	action = sluice(&buffer.ctx);
	native_buffer_deinit(&buffer, f);
	return action;
}

/* X(map, number of entries) for sizes in terms of these. */
#define NATIVE_MAPS(X, services_, chunks_, backends_, buckets_)                                    \
	X(vips4, 64)                                                                               \
	X(vips6, 64)                                                                               \
	X(services, services_)                                                                     \
	X(slots, chunks_)                                                                          \
	X(backends, backends_)                                                                     \
	X(egress, EGRESS_MAX)                                                                      \
	X(flows, buckets_)                                                                         \
	X(turns, services_)                                                                        \
	X(verdict_counters, VERDICT_COUNT)                                                         \
	X(service_counters, services_)                                                             \
	X(backend_counters, backends_)                                                             \
	X(flow_events, FLOW_EVENT_COUNT)                                                           \
	X(explanation, 1)

static inline void native_close(void)
{
#define X(map, entries) host_map_close(&map);
	NATIVE_MAPS(X, 0, 0, 0, 0)
#undef X
}

/* Opens every map empty, anew if they were open. */
static inline void native_open(__u32 n_services, __u32 chunks, __u32 n_backends, __u32 buckets)
{
	native_close();
#define X(map, entries) host_map_open(&map, entries);
	NATIVE_MAPS(X, n_services, chunks, n_backends, buckets)
#undef X
	flow_buckets_mask = buckets - 1;
}

#endif
