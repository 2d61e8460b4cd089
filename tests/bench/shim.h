/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shim.h - runs a program over freshly written frames of a flow set, and says what a run cost.
 */
#ifndef SLUICE_BENCH_SHIM_H
#define SLUICE_BENCH_SHIM_H

#include "base/address.h"
#include "bench/frame.h"

#include "bench/shim.skel.h"

/* What the frames are. */
struct shim_frames {
	struct address destination;
	__be16 port_be;
	__u8 protocol;
	__u8 tcp_flags;
	__u32 flows;
};

struct shim_bpf *shim_open(void);
void shim_set_frames(struct shim_bpf *shim, const struct shim_frames *frames);

/*
 * ns a run, shim included, of the program at `program_fd`, as if its packets came in by the
 * interface. The last run's action must be the one that is expected.
 */
double shim_run(struct shim_bpf *shim, int program_fd, unsigned ifindex, __u32 repeat, int action);

/* The same over each flow of the set once, in order. */
void shim_run_each(struct shim_bpf *shim, int program_fd, unsigned ifindex, int action);

#endif
