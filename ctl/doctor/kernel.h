/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel.h - what the running kernel can do, found out by doing it: a distribution's kernel may have
 * less or more than its version says.
 */
#ifndef SLUICECTL_DOCTOR_KERNEL_H
#define SLUICECTL_DOCTOR_KERNEL_H

#include "host/interface.h"

/* X(NAME, "what it is for people") */
#define KERNEL_FEATURES(X)                                                                         \
	X(MMAP_ARRAY, "BPF arrays that can be mapped (BPF_F_MMAPABLE)")                            \
	X(COARSE_CLOCK, "XDP programs that read the coarse clock (bpf_ktime_get_coarse_ns)")       \
	X(XDP_LINK, "XDP links (BPF_LINK_CREATE)")                                                 \
	X(JIT, "compiled BPF programs (CONFIG_BPF_JIT, net.core.bpf_jit_enable)")

enum kernel_feature {
#define X(name, text) KERNEL_##name,
	KERNEL_FEATURES(X) KERNEL_FEATURE_COUNT
#undef X
};

extern const char *const kernel_feature_text[KERNEL_FEATURE_COUNT];

/*
 * HOST_UNKNOWN without the privilege to try. A child does it, in a network namespace of its own whose
 * loopback is the interface that gets the link: nothing of the host is touched.
 */
void kernel_probe(enum host_known ret_can[KERNEL_FEATURE_COUNT]);

/* membarrier's global command, which a grace period is. */
enum host_known kernel_membarrier(void);

#endif
