/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipvs.h - what the kernel's IPVS can do, as ipvsadm and keepalived call it, in sluice's words.
 */
#ifndef SLUICECTL_IPVS_H
#define SLUICECTL_IPVS_H

#include <stdbool.h>

struct ipvs_scheduler {
	const char *name;
	const char *algorithm; /* sluice's */
	const char *differs;   /* how, or NULL: not at all */
};

/* NULL: there is none of that name. `by_port`: the flag sh-port or mh-port is set. */
const struct ipvs_scheduler *ipvs_find_scheduler(const char *name, bool by_port);

struct ipvs_method {
	const char *name; /* -i, Tunnel, TUN, ... */
	const char *forward;
	const char *differs;
};

const struct ipvs_method *ipvs_find_method(const char *name);

#define IPVS_PERSISTENCE                                                                           \
	"sluice keeps no client at a backend by time; algorithm: source-hash does it by address"
#define IPVS_MARK      "sluice knows services by VIP, protocol and port, not by mark"
#define IPVS_THRESHOLD "sluice has no limits on a backend's connections"

#endif
