/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * impact_object.h - what a configuration would do, as JSON (docs/api.md).
 */
#ifndef SLUICE_API_IMPACT_OBJECT_H
#define SLUICE_API_IMPACT_OBJECT_H

#include "change/impact.h"

#include <jansson.h>

/* same, restart, changes, services, warnings. */
void impact_object_add(json_t *object, const struct impact *impact);

#endif
