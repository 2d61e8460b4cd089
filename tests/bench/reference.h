/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reference.h - the balancer with an LRU hash (lru.bpf.c), with a service in each family.
 */
#ifndef SLUICE_BENCH_REFERENCE_H
#define SLUICE_BENCH_REFERENCE_H

#include "base/address.h"

struct lru_bpf;

struct lru_bpf *reference_open(const struct address *vip4, const struct address *vip6,
			       __be16 port_be);
void reference_close(struct lru_bpf *lru);
int reference_program_fd(const struct lru_bpf *lru); /* borrowed */
/* Packets forwarded whose connection was in the table. */
__u64 reference_hits(const struct lru_bpf *lru);

#endif
