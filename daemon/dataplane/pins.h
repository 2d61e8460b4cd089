/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pins.h - names in the bpf file system, and taking all of them away.
 *
 *	PIN_DIR/v1/slots, flows, ...	maps
 *	PIN_DIR/v1/link-<interface>	a bpf_link of our own
 *	PIN_DIR/v1/shared-<interface>	a mark (a pinned map): attached behind libxdp's dispatcher
 *	PIN_DIR/v1/trial-<interface>	a mark (a directory): attached on trial, not confirmed so far
 *
 * The file system refuses names with dots, which interfaces may have; they may not have colons, so
 * eth0.100 is link-eth0:100.
 */
#ifndef SLUICE_PINS_H
#define SLUICE_PINS_H

#include "base/error.h"

#include <stdbool.h>

/* Creates PIN_DIR/v<SLUICE_ABI> if need be, for root alone. Caller frees. */
int pins_make_directory(const char *pin_dir, char **ret_directory, struct sl_errors *errors);

/*
 * Locks PIN_DIR for as long as the descriptor, which is returned, and its copies are open. Waits up to
 * PINS_PATIENCE_MS for one that is just ending; -EBUSY with an error while another daemon runs.
 */
#define PINS_PATIENCE_MS 3000
int pins_lock(const char *pin_dir, struct sl_errors *errors);

/* Whether nothing is pinned in a directory that pins_make_directory() returned. */
bool pins_are_none(const char *directory);
/* Takes all away that is pinned there, and the directory. Detaches links, and counts them. */
int pins_remove(const char *directory, unsigned *ret_links, struct sl_errors *errors);

/* Caller frees. */
char *pins_link_path(const char *directory, const char *interface);
char *pins_shared_path(const char *directory, const char *interface);
char *pins_trial_path(const char *directory, const char *interface);
/* Of the link by which a daemon of another ABI still holds the interface, or NULL. Caller frees. */
char *pins_foreign_link(const char *directory, const char *interface);

#endif
