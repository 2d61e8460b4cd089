/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - one backend's health as a state machine over probe results. Pure.
 *
 *   unknown --first success--> up          up   --`fall` failures in a row--> down
 *   unknown --first failure--> down        down --`rise` successes in a row--> up
 *
 * Unknown counts as down for packets: a new backend gets traffic after its first success.
 */
#ifndef SLUICE_HEALTH_CHECK_H
#define SLUICE_HEALTH_CHECK_H

#include <stdbool.h>
#include <stdint.h>

enum check_state { CHECK_UNKNOWN, CHECK_UP, CHECK_DOWN };

struct check {
	enum check_state state;
	uint32_t streak;    /* results in a row that speak against `state` */
	uint64_t since_ns;  /* when the state was entered */
	uint64_t successes; /* of all time */
	uint64_t failures;
};

void check_init(struct check *check, enum check_state state, uint64_t now_ns);
/* Returns true when the state changed. */
bool check_result(struct check *check, bool success, uint32_t rise, uint32_t fall, uint64_t now_ns);

#endif
