/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * lru.h - what the reference balancer and the one who fills its maps share.
 */
#ifndef SLUICE_BENCH_LRU_H
#define SLUICE_BENCH_LRU_H

#include <linux/types.h>

#define LRU_BACKENDS 100 /* of each family: IPv4's come first */
#define LRU_RING     65536
#define LRU_CONNECTIONS                                                                            \
	(4 << 20) /* of each family; as many as the sites' flow tables are made for */

#define LRU_PORT(port_be) ((__u32)(port_be) << 8 | IPPROTO_TCP)

struct lru_vip4 {
	__be32 address_be;
	__u32 port; /* LRU_PORT */
};

struct lru_vip6 {
	__be32 address_be[4];
	__u32 port;
};

struct lru_real {
	__be32 address_be[4]; /* IPv4: [0] */
	__be16 mac_be[3];
	__u16 zero;
};

#endif
