/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event_log.h - every event is also a line of the log: the one place that writes it.
 */
#ifndef SLUICE_STATE_EVENT_LOG_H
#define SLUICE_STATE_EVENT_LOG_H

#include "state/record.h"

/*
 * At the level of its kind, with the kind's word, generation, actor and trace. Each kind has a limiter
 * of its own, so that a flood of one hides no other; the event itself is kept in any case.
 */
void event_log(const struct event_record *event);

#endif
