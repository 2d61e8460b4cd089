/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world.h - what a case needs: maps to fill, the program to run, the time.
 *
 * Two files have this interface: world_native.c runs the stages as plain C under sanitizers,
 * world_kernel.c runs the loaded program by BPF_PROG_TEST_RUN. The cases can't tell which.
 *
 * Each world_run() also proves what must hold for every packet: exactly one verdict was counted, with
 * the frame's bytes; the action is the verdict's; the read-only instance gives the same verdict and the
 * same bytes beforehand and changes no map but `explanation`; what is passed is unchanged.
 */
#ifndef SLUICE_TESTS_WORLD_H
#define SLUICE_TESTS_WORLD_H

#include "sluice/abi.h"
#include "stages/check.h"
#include "stages/frame.h"

/* Sizes of the maps in either world. */
#define WORLD_SERVICES 16
#define WORLD_BACKENDS 64
#define WORLD_CHUNKS   32
#define WORLD_BUCKETS  16

/* The interface that packets come in by: loopback's number, as BPF_PROG_TEST_RUN has it. */
#define WORLD_INTERFACE 1

/* What the programs are loaded with; the key is 0. */
#define WORLD_OUTER4	  0x0afe0000u /* 10.254.0.0/16 */
#define WORLD_OUTER4_BITS 16
#define WORLD_OUTER6                                                                               \
	{                                                                                          \
		0x20010db8, 0xfe, 0, 0                                                             \
	} /* 2001:db8:0:fe::/64 */
#define WORLD_OUTER6_BITS      64
#define WORLD_IDLE_UNCONFIRMED 15
#define WORLD_IDLE_ESTABLISHED 210
#define WORLD_IDLE_CLOSING     15

/* Makes the program of these features the one that runs, with every map empty. */
void world_load(__u32 features);
void world_put(enum map_number map, const void *key, const void *value);
/* Per-CPU maps: the sum of all CPUs. */
void world_get(enum map_number map, const void *key, void *ret_value);
__u64 world_now_ns(void);

/* Runs the program over a frame, which becomes what the program made of it. */
enum verdict world_run(struct frame *f);

/* Runs one instance, unproven. Returns the action. */
int world_execute(bool explain, struct frame *f);

/*
 * Only in the kernel: descriptors of the program that runs, and of another instance of it over the same
 * maps. They end with the process.
 */
void world_programs(int ret_programs[2]);
/* Only in the kernel: of a per-CPU map, the value of one CPU. */
void world_get_of_cpu(enum map_number map, const void *key, int cpu, void *ret_value);

/* What the read-only instance wrote down before the last run. */
const struct explanation *world_explanation(void);

/* The struct program_config of these features in either world. */
struct program_config world_config(__u32 features);

#endif
