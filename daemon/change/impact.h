/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * impact.h - what a configuration would do to that in force: differences, slots and flows of each
 * service, and what may lock the operator out.
 */
#ifndef SLUICE_CHANGE_IMPACT_H
#define SLUICE_CHANGE_IMPACT_H

#include "engine/engine.h"

struct impact_service {
	char name[CONFIG_NAME_MAX];
	struct address vip;
	uint8_t protocol;
	uint16_t port;
	bool comes;	      /* it is new */
	bool goes;	      /* and its flows end */
	uint32_t slots;	      /* after */
	uint32_t slots_moved; /* whose flows to come get another backend */
	/*
	 * Live flows of backends that leave the service or get no new ones: they drain, or end with the
	 * service. By flow records: exact if every flow has one, else at least so many.
	 */
	uint64_t flows;
	bool flows_exact;
};

struct impact {
	struct config_changes changes;
	bool restart; /* some change takes effect only then */
	struct impact_service
		*services; /* owned: those that come, go, or whose slots or flows move */
	size_t n_services;
	struct sl_errors warnings; /* of what could lock the operator out */
};

/* -errno with errors if it can't be carried out. `own`: the host's addresses. */
int impact_find(const struct engine *engine, const struct config *desired,
		const struct address *own, size_t n_own, struct impact *ret_impact,
		struct sl_errors *errors);
void impact_deinit(struct impact *impact);

/* -EBUSY with an error for each change that takes effect only at a start. */
int impact_check_restart(const struct impact *impact, struct sl_errors *errors);
/* -EXDEV with an error for each service of which more slots move than that many of a million. */
int impact_check_moves(const struct impact *impact, uint32_t max_ppm, struct sl_errors *errors);

#endif
