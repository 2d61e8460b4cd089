/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * program_internal.h - what program.c (load and swap) and attach.c (interfaces) share, and nobody else.
 */
#ifndef SLUICE_PROGRAM_INTERNAL_H
#define SLUICE_PROGRAM_INTERNAL_H

#include "dataplane/object.h"
#include "dataplane/program.h"

#include <net/if.h>

struct attachment {
	char interface[IF_NAMESIZE];
	unsigned ifindex;
	enum config_mode mode;
	int link;	   /* owned; -1: behind the dispatcher */
	bool is_new;	   /* nothing of ours was there */
	uint64_t until_ns; /* on trial; 0: for good */
};

struct program {
	char *directory;   /* owned: PIN_DIR/v1 */
	int lock;	   /* owned: on PIN_DIR */
	bool has_new_maps; /* none were pinned */
	bool has_started;
	uint32_t try_ms;	 /* what a start attaches is on trial for that long; 0: for good */
	struct sluice_bpf *maps; /* owned, and so below */
	struct sluice_bpf *live; /* NULL: nothing loaded yet */
	struct sluice_bpf *twin;
	struct object_settings settings; /* of live */
	struct attachment *attachments;
	size_t n_attachments;
};

#endif
