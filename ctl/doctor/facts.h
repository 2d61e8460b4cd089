/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts.h - all that is known of the host and the daemon before the first check judges it. Checks read
 * facts and files below the root, and change nothing.
 */
#ifndef SLUICECTL_DOCTOR_FACTS_H
#define SLUICECTL_DOCTOR_FACTS_H

#include "command.h"
#include "doctor/kernel.h"
#include "doctor/path.h"
#include "doctor/process.h"
#include "host/address.h"
#include "host/interface.h"
#include "host/listener.h"

#include <jansson.h>

/* An interface of the daemon's configuration; without a daemon, one with a default route. */
struct served_interface {
	struct host_interface is;
	char mode[16];	   /* as configured: auto, native, generic, offload; "" without a daemon */
	char attached[16]; /* as attached; "" if not, and without a daemon */
	char by[16];	   /* link, shared */
};

enum { SERVED_MAX = 64 };

struct facts {
	const char *root; /* borrowed, as all texts here */
	const char *socket, *config, *pin_dir;
	char release[65];
	enum host_known can[KERNEL_FEATURE_COUNT];
	enum host_known membarrier;
	bool clock_unsynchronised;
	uint32_t n_cpus;
	struct host_interface *interfaces; /* owned; all of them */
	size_t n_interfaces;
	struct served_interface served[SERVED_MAX];
	size_t n_served;
	struct host_address *addresses; /* owned */
	size_t n_addresses;
	struct host_listener *listeners; /* owned */
	size_t n_listeners;
	struct process *daemons; /* owned; loaders and workers */
	size_t n_daemons;
	struct path *paths; /* owned; one for each backend address that a service uses */
	size_t n_paths;
	int paths_error; /* negative errno: they could not be measured */
	/* The daemon's answers, owned; NULL without it. */
	json_t *version, *services, *backends, *configuration;
};

/* Asks the daemon if there is one. *ret_why tells why not, else it is NULL. */
void facts_gather(struct facts *facts, const struct invocation *invocation, const char **ret_why);
/* From the daemon's answers alone; facts_gather() has done it. */
void facts_take_interfaces(struct facts *facts, const json_t *interfaces);
void facts_deinit(struct facts *facts);

/* The largest IP packet that a full-size packet of a client becomes on its way to this backend; 0 if no
   service uses it. */
uint32_t facts_wanted_size(const struct facts *facts, const json_t *backend);

/* A top-level value of the configuration in force, or of one block of it ("capacity", "flows"); caller
   frees. NULL: not known. */
char *facts_configured(const struct facts *facts, const char *block, const char *key);

#endif
