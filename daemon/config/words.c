/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/words.h"

#include "base/memory.h"
#include "config/config.h"

#include <string.h>

#define X(name, word, ...) word,
static const char *const algorithms[] = {SLUICE_ALGORITHMS(X)};
static const char *const forwards[] = {SLUICE_FORWARDS(X)};
static const char *const trackings[] = {SLUICE_TRACKING(X)};
static const char *const when_empties[] = {SLUICE_WHEN_EMPTY(X)};
static const char *const service_modes[] = {SLUICE_SERVICE_MODES(X)};
static const char *const checks[] = {CONFIG_CHECKS(X)};
static const char *const attaches[] = {CONFIG_ATTACHES(X)};
static const char *const modes[] = {CONFIG_MODES(X)};
static const char *const sources[] = {CONFIG_SOURCES(X)};
static const char *const roles[] = {SLUICE_ROLES(X)};
#undef X

const struct words words_algorithm = {algorithms, sl_count(algorithms)};
const struct words words_forward = {forwards, sl_count(forwards)};
const struct words words_tracking = {trackings, sl_count(trackings)};
const struct words words_when_empty = {when_empties, sl_count(when_empties)};
const struct words words_service_mode = {service_modes, sl_count(service_modes)};
const struct words words_check = {checks, sl_count(checks)};
const struct words words_attach = {attaches, sl_count(attaches)};
const struct words words_mode = {modes, sl_count(modes)};
const struct words words_source = {sources, sl_count(sources)};
const struct words words_role = {roles, sl_count(roles)};

const char *words_get(const struct words *words, size_t value)
{
	return value < words->count ? words->list[value] : "?";
}

int words_find(const struct words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (!strcmp(words->list[i], word))
			return i;
	return -1;
}
