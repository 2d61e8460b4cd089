/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * result.h - how a change ends.
 */
#ifndef SLUICE_CHANGE_RESULT_H
#define SLUICE_CHANGE_RESULT_H

enum change_result {
	CHANGE_DONE,
	CHANGE_UNRECORDED, /* in force; the store does not answer, and gets it once it does */
	/* Nothing has changed: */
	CHANGE_INVALID,	    /* the configuration can't be carried out, or not without a restart */
	CHANGE_STALE,	    /* another generation than the one asked for is in force */
	CHANGE_TOO_LARGE,   /* more slots would move than allowed */
	CHANGE_IN_TRIAL,    /* another one waits to be confirmed */
	CHANGE_NO_TRIAL,    /* none does, or another one */
	CHANGE_NOT_FOUND,   /* no such generation */
	CHANGE_FAILED,	    /* the maps refused; they are as they were */
	CHANGE_UNAVAILABLE, /* the store does not answer, or too much is waiting */
	/* In force, but it isn't known whether the store has it. */
	CHANGE_UNSURE,
};

#endif
