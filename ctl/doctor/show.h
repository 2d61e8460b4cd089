/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show.h - a report on stdout: JSON, or a table with the commands that mend below it.
 */
#ifndef SLUICECTL_DOCTOR_SHOW_H
#define SLUICECTL_DOCTOR_SHOW_H

#include "command.h"
#include "host/report.h"

void doctor_show(const struct invocation *invocation, const struct report *report);

#endif
