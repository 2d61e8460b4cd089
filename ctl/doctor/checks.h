/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * checks.h - what the doctor looks at on an edge host, in the order of the report.
 */
#ifndef SLUICECTL_DOCTOR_CHECKS_H
#define SLUICECTL_DOCTOR_CHECKS_H

#include "doctor/facts.h"
#include "host/report.h"

#include <stddef.h>

/* X(function, "name", needs, "what it looks at", "what is so if it finds nothing") */
#define DOCTOR_CHECKS(X)                                                                           \
	X(daemon, "daemon", DAEMON, "the version of client and daemon",                            \
	  "client and daemon are of one version")                                                  \
	X(daemons, "daemons", ROOT, "how many daemons run here", "no second daemon runs here")     \
	X(attach, "attach", DAEMON, "each interface's program: whether it is attached, and how",   \
	  "every interface has its program, as configured")                                        \
	X(driver, "driver", 0, "whether the interface's driver has native XDP",                    \
	  "drivers have native XDP")                                                               \
	X(queues, "queues", 0, "receive queues against CPUs",                                      \
	  "no more receive queues can be put to use")                                              \
	X(offloads, "offloads", 0, "LRO, hardware GRO, GRO in generic mode, VLAN stripping",       \
	  "no offload hides packets or tags from the program")                                     \
	X(mtu, "mtu", DAEMON, "the MTU towards each backend, against a full-size client's packet", \
	  "encapsulated full-size packets fit")                                                    \
	X(path_mtu, "path-mtu", DAEMON, "what fits on the way to each backend, by ICMP echoes",    \
	  "encapsulated full-size packets reach the backends")                                     \
	X(next_hops, "next-hops", DAEMON, "backends without a next hop",                           \
	  "every backend has its next hop")                                                        \
	X(forwarding, "forwarding", DAEMON, "forwarding, which unresolved next hops need",         \
	  "no next hop depends on forwarding")                                                     \
	X(lockout, "lockout", DAEMON, "services that take packets of this host's own servers",     \
	  "no service takes this host's own packets")                                              \
	X(kernel, "kernel", 0, "the kernel's version, 6.1 at least", "the kernel is new enough")   \
	X(features, "kernel-features", 0, "what the kernel can do, by trying it",                  \
	  "the kernel has what is needed")                                                         \
	X(jit, "jit", 0, "the BPF compiler and its hardening", "BPF programs are compiled")        \
	X(bpffs, "bpffs", 0, "the BPF file system that holds the pins", "it is mounted")           \
	X(pins, "pins", ROOT, "pins of another version's maps", "no pins of another version")      \
	X(clock, "clock", 0, "whether the clock is synchronised", "the clock is synchronised")     \
	X(limits, "limits", DAEMON, "the daemon's limit of open files",                            \
	  "enough files may be open")                                                              \
	X(memory, "memory", 0, "free memory against the size of the tables",                       \
	  "the tables fit into free memory")                                                       \
	X(config_file, "config-file", 0, "who may read and write the configuration",               \
	  "only root may write it")                                                                \
	X(hash_key, "hash-key", ROOT, "owner and mode of the hash key", "only root may read it")   \
	X(socket, "socket", DAEMON, "who may use the daemon's socket",                             \
	  "only root and the daemon's group may use it")                                           \
	X(user, "user", 0, "the user that the daemon's worker runs as", "user sluice exists")

enum doctor_check {
#define X(function, name, needs, looks_at, fine) DOCTOR_##function,
	DOCTOR_CHECKS(X) DOCTOR_CHECK_COUNT
#undef X
};

extern const struct check doctor_checks[DOCTOR_CHECK_COUNT];

#define X(function, name, needs, looks_at, fine)                                                   \
	void check_##function(const void *facts, struct report *report);
DOCTOR_CHECKS(X)
#undef X

/* Reasons of needs that aren't met, for report_run(); NULL: met. */
void doctor_run(const struct facts *facts, const char *no_root, const char *no_daemon,
		struct report *report);

#endif
