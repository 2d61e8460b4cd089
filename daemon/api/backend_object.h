/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backend_object.h - a backend as the API shows it, over all services of its pool.
 */
#ifndef SLUICE_API_BACKEND_OBJECT_H
#define SLUICE_API_BACKEND_OBJECT_H

#include "api/request.h"
#include "sluice/abi.h"

/* By its places in the configuration; `traffic` by backend ids. */
json_t *backend_object(const struct api_context *context, size_t pool_index, size_t index,
		       const struct traffic_counter *traffic);

#endif
