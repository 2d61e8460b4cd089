/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * write.h - from a `struct config` to text that config_read() reads to the same config.
 */
#ifndef SLUICE_CONFIG_WRITE_H
#define SLUICE_CONFIG_WRITE_H

#include "config/config.h"

/* YAML, every field written out. Caller frees. */
char *config_write(const struct config *config);
/* The same as JSON, numbers as numbers. */
char *config_write_json(const struct config *config);

#endif
