/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * interface.h - what the kernel says of a network interface, by rtnetlink, ethtool's ioctl and the
 * netdev family. All of it may be asked without privileges.
 */
#ifndef SLUICE_HOST_INTERFACE_H
#define SLUICE_HOST_INTERFACE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* Offloads by ethtool's names. X(NAME, "feature", "word of ethtool -K") */
#define HOST_OFFLOADS(X)                                                                           \
	X(LRO, "rx-lro", "lro")                                                                    \
	X(GRO, "rx-gro", "gro")                                                                    \
	X(GRO_HW, "rx-gro-hw", "rx-gro-hw")                                                        \
	X(RX_VLAN, "rx-vlan-hw-parse", "rxvlan")

enum host_offload {
#define X(name, feature, word) HOST_OFFLOAD_##name,
	HOST_OFFLOADS(X) HOST_OFFLOAD_COUNT
#undef X
};

enum host_xdp { HOST_XDP_NONE, HOST_XDP_NATIVE, HOST_XDP_GENERIC, HOST_XDP_OFFLOAD };

/* Of a fact that not every kernel or driver tells. */
enum host_known { HOST_UNKNOWN, HOST_NO, HOST_YES };

struct host_interface {
	char name[IF_NAMESIZE];
	int ifindex;
	uint32_t mtu;
	bool up;
	bool no_arp;	/* it answers no ARP */
	bool is_tunnel; /* IPIP, SIT or an IPv6 tunnel of the kernel's */
	enum host_xdp xdp;
	char driver[32];	      /* "" if not told */
	uint32_t queues, queues_most; /* that receive; 0: not told */
	bool queues_combined;	      /* the word for ethtool -L */
	bool on[HOST_OFFLOAD_COUNT];  /* offloads in use */
	enum host_known can_native;   /* the driver has native XDP */
	enum host_known can_transmit; /* and takes redirected frames */
};

extern const char *const host_offload_word[HOST_OFFLOAD_COUNT];

/* Negative errno, -ENODEV if there is none of that name. */
int host_interface_get(const char *name, struct host_interface *ret_interface);

/* All interfaces of this network namespace; caller frees. Negative errno. */
int host_interface_list(struct host_interface **ret_list, size_t *ret_count);

#endif
