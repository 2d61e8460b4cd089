/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agent.h - the backend side: puts bpf/agent.bpf.c on an interface, and takes it off again.
 *
 * Nothing stays running. What stays is two pins in a directory for each interface: the link, which
 * holds the program on the interface, and its counters. The program's addresses are those that the
 * host had when it was attached; attaching again reads them anew and replaces the program in one
 * step.
 *
 * Besides agent_bpf.skel.h's users in tests, this is the only user of libbpf outside the data
 * plane.
 */
#ifndef SLUICE_AGENT_H
#define SLUICE_AGENT_H

#include <net/if.h>
#include <stdint.h>

#include "base/error.h"
#include "sluice/abi.h"

/* Pins of each ABI have their own directory. */
#define AGENT_TEXT_(x) #x
#define AGENT_TEXT(x)  AGENT_TEXT_(x)
#define AGENT_PIN_DIR  "/sys/fs/bpf/sluice-agent/v" AGENT_TEXT(SLUICE_ABI)

/* X(name, word): how a program sits on an interface. */
#define AGENT_MODES(X)                                                                             \
	X(AUTO, "auto")                                                                            \
	X(NATIVE, "native")                                                                        \
	X(GENERIC, "generic")

enum agent_mode {
#define X(name, word) AGENT_MODE_##name,
	AGENT_MODES(X) AGENT_MODE_COUNT
#undef X
};

extern const char *const agent_mode_word[AGENT_MODE_COUNT];

struct agent_status {
	char interface[IF_NAMESIZE];
	uint32_t program_id;  /* 0: the interface is gone */
	enum agent_mode mode; /* AGENT_MODE_AUTO: of another network namespace, so not known */
	struct verdict_counter counter[AGENT_VERDICT_COUNT]; /* sums over CPUs */
};

/*
 * Attaches, or replaces the program that is attached without a gap. Native where the driver can,
 * generic otherwise, unless mode says which. A failed first attach leaves no pin. Negative errno.
 */
int agent_attach(const char *pin_dir, const char *interface, enum agent_mode mode,
		 struct sl_errors *errors);

/* Also of an interface that is gone. Negative errno. */
int agent_detach(const char *pin_dir, const char *interface, struct sl_errors *errors);

/* Every interface that has pins, in no order; caller frees. None is no error. Negative errno. */
int agent_list(const char *pin_dir, struct agent_status **ret_list, size_t *ret_count,
	       struct sl_errors *errors);

#endif
