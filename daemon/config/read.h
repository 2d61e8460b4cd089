/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * read.h - from text to a checked `struct config`.
 *
 * The language is a strict subset of YAML 1.1 (docs/configuration.md), JSON included: UTF-8, one
 * document, bounded depth and size; no anchors, aliases, tags, merge keys, duplicate or unknown
 * keys. All errors of a text are reported at once, each "NAME:line:column" and "path.to.key: what
 * is wrong and what would be right".
 */
#ifndef SLUICE_CONFIG_READ_H
#define SLUICE_CONFIG_READ_H

#include "config/config.h"

/* `name` stands in front of positions (the file's name). 0, or -EINVAL with errors. */
int config_read(const char *name, const char *text, size_t size, struct config **ret_config,
		struct sl_errors *errors);
/* The same for a file; -errno with an error when it can't be read. */
int config_read_file(const char *path, struct config **ret_config, struct sl_errors *errors);

#endif
