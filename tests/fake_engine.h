/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_engine.h - what the API drives, without maps and without a kernel: the interfaces of engine.h,
 * and what is asked of health.h, net.h, own.h, loader.h and dataplane.h. There is one of each.
 *
 * Backend ids are service * 100 + backend; every number that can be shown is another one.
 */
#ifndef SLUICE_TESTS_FAKE_ENGINE_H
#define SLUICE_TESTS_FAKE_ENGINE_H

#include "api/api.h"
#include "engine/engine.h"
#include "loader/loader.h"

struct fake {
	bool fail_preview, fail_commit, fail_counters, fail_loader;
	bool detached;
	uint32_t trial_ms;		  /* as last asked for */
	uint8_t log_component, log_level; /* as last set in the loader */
	bool health_down;		  /* of every second backend */
	unsigned commits;
	uint8_t frame[2048]; /* the last one explained */
	size_t frame_size;
	struct explanation explanation;	      /* to be given */
	const char *files[LOADER_FILE_COUNT]; /* paths; NULL: there is no such one */
	uint64_t scans;			      /* grows with each question */
	uint32_t draining_flows; /* of a backend that drains; less by one with each question */
};

/* Reads the text as the first configuration; NULL: none is committed. */
struct fake *fake_start(const char *text);
void fake_stop(void);
/* As if nothing had ever been committed. */
void fake_forget(void);
/* The host's own address. */
#define FAKE_OWN "192.0.2.99"

/* One interface, eth0. Store, events and change are the caller's to add. */
struct api_context fake_context(void);

#endif
