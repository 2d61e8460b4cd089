/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * frame.h - the frame that every run begins with, and the flow set that it is drawn from.
 *
 * Shared by shim.bpf.c, which writes it, and the driver, which says what to write.
 */
#ifndef SLUICE_BENCH_FRAME_H
#define SLUICE_BENCH_FRAME_H

#include <linux/types.h>

#define FRAME_WORDS 16 /* IPv6 and TCP headers are 15 */
#define FRAME_SIZE  (14 + 4 * FRAME_WORDS)

struct bench_frame {
	__be32 word
		[FRAME_WORDS]; /* from the IP header on; the source is filled in for each packet */
	__be16 type_be;
	__u16 family; /* 4 or 6: where the source stands */
	__u32 flows;  /* in the set: a packet is of flow number 0 to flows - 1 */
	__u32 sequential; /* 1: one flow after the other, from 0; 0: drawn at random, with replacement */
	__u32 next;	  /* the next in sequence */
};

#endif
