/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * program.h - the privileged half: makes or reopens the pinned maps, loads, attaches and swaps the
 * program. Used by the loader process and by `sluiced --detach`.
 *
 * PIN_DIR/v<SLUICE_ABI>/ holds a map each under its name, and a link for each interface as
 * link-<interface>. All are root's alone. Whoever reopens them continues: traffic never stops.
 */
#ifndef SLUICE_PROGRAM_H
#define SLUICE_PROGRAM_H

#include "base/error.h"
#include "config/config.h"
#include "sluice/abi.h"

struct program;

/* What a packet became; see explanation in abi.h for why. */
struct program_run {
	uint32_t action; /* enum xdp_action */
	uint32_t size;	 /* of the frame afterwards */
	uint8_t frame[2048];
};

/*
 * One daemon has a PIN_DIR at a time: it is locked until program_close(), and until the copies of
 * program_lock_fd() that others were given are closed. An earlier one that is just ending is waited
 * for. Maps that exist are reused if their sizes are the same; else an error that says how to go
 * on.
 */
int program_open(const char *pin_dir, const struct config_capacity *capacity,
		 const struct hash_key *key, struct program **ret_program,
		 struct sl_errors *errors);
void program_close(struct program *program);

/*
 * The start is done: what was attached stays when this process ends. program_end() is program_close(),
 * but a start that did not come that far leaves what it found: interfaces that had no program of ours
 * are detached, and maps that weren't there are unpinned. What was attached before stays attached.
 */
void program_started(struct program *program);
void program_end(struct program *program);

/* Borrowed, both. */
int program_lock_fd(const struct program *program);
int program_map_fd(const struct program *program, enum map_number map);

/*
 * Loads the program and its read-only twin for `config`, and swaps it in wherever the old one is
 * attached; nothing is lost on the way. On failure the old one stays.
 */
int program_load(struct program *program, const struct program_config *config,
		 struct sl_errors *errors);

/*
 * Attaches the loaded program for good, or takes over the link that an earlier process left pinned. A
 * trial is confirmed by it.
 */
int program_attach(struct program *program, const struct config_interface *interface,
		   struct sl_errors *errors);

/*
 * Attaches it on trial: detached by program_end_trials() when the time is over, and by the kernel at
 * once when this process ends, since the link isn't pinned. A trial that runs gets the new time. -EEXIST
 * where it is attached for good.
 */
int program_try(struct program *program, const struct config_interface *interface, uint32_t for_ms,
		struct sl_errors *errors);

/*
 * As a start does, this process's first or a later worker's: what is attached stays so, a trial runs on,
 * and where a trial was not confirmed it is left off, also by later processes, until program_attach()
 * or program_try(). Other interfaces are attached, on trial if program_set_trial() said so; then a trial
 * that was not confirmed before this process began is no hindrance.
 */
int program_attach_at_start(struct program *program, const struct config_interface *interface,
			    struct sl_errors *errors);
void program_set_trial(struct program *program, uint32_t for_ms);

/* Ends trials whose time is over. In how many ms the next is; -1: there is none. */
int program_end_trials(struct program *program);
/* Of a trial; 0: it is attached for good, or not. */
uint32_t program_left_ms(const struct program *program, const char *interface);

int program_detach(struct program *program, const char *interface, struct sl_errors *errors);

/* How the interface is attached now; CONFIG_MODE_COUNT: not. */
enum config_mode program_mode(const struct program *program, const char *interface);

/* Runs the read-only twin on a frame as if it had come in by the interface. */
int program_explain(struct program *program, const char *interface, const void *frame, size_t size,
		    struct program_run *ret_run, struct sl_errors *errors);

/* Without a daemon: takes every link and map under PIN_DIR away, of any ABI. Counts links. */
int program_remove_all(const char *pin_dir, unsigned *ret_links, struct sl_errors *errors);

#endif
