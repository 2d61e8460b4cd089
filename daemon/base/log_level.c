/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log_level.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FORMATS "auto, text, json"
#define LEVELS	"error, warning, info, debug"

static const struct {
	const char *word;
	int priority;
} levels[] = {
#define X(name, word, priority) {word, priority},
	LOG_LEVELS(X)
#undef X
};

static const char *const components[] = {
#define X(name, word) word,
	LOG_COMPONENTS(X)
#undef X
};

static const char *const formats[] = {
#define X(name, word) word,
	LOG_FORMATS(X)
#undef X
};

const char *log_level_word(enum log_level level)
{
	return levels[level].word;
}

const char *log_component_word(enum log_component component)
{
	return components[component];
}

const char *log_format_word(enum log_format format)
{
	return formats[format];
}

int log_level_priority(enum log_level level)
{
	return levels[level].priority;
}

bool log_level_find(const char *word, enum log_level *ret_level)
{
	for (size_t i = 0; i < sl_count(levels); i++) {
		if (strcmp(levels[i].word, word))
			continue;
		*ret_level = i;
		return true;
	}
	return false;
}

bool log_component_find(const char *word, enum log_component *ret_component)
{
	for (size_t i = 0; i < sl_count(components); i++) {
		if (strcmp(components[i], word))
			continue;
		*ret_component = i;
		return true;
	}
	return false;
}

void log_settings_set(struct log_settings *settings, enum log_component component,
		      enum log_level level)
{
	for (size_t i = 0; i < LOG_COMPONENT_COUNT; i++)
		if (component == LOG_COMPONENT_ALL || component == i)
			settings->levels[i] = level;
}

int log_settings_take_format(struct log_settings *settings, const char *word,
			     struct sl_errors *errors)
{
	for (size_t i = 0; i < sl_count(formats); i++) {
		if (strcmp(formats[i], word))
			continue;
		settings->format = i;
		return 0;
	}
	return sl_fail(errors, EINVAL, "log format", "`%s` is none of " FORMATS, word);
}

static char *all_components(void)
{
	char *text = sl_strdup(components[0]);

	for (size_t i = 1; i < sl_count(components); i++) {
		_cleanup_free_ char *shorter = text;

		text = sl_printf("%s, %s", shorter, components[i]);
	}
	return text;
}

/* One piece between commas. */
static int take_level(struct log_settings *settings, char *piece, struct sl_errors *errors)
{
	enum log_component component = LOG_COMPONENT_ALL;
	char *equals = strchr(piece, '=');
	const char *word = equals ? equals + 1 : piece;
	enum log_level level;

	if (!log_level_find(word, &level))
		return sl_fail(errors, EINVAL, "log level", "`%s` is none of " LEVELS, word);
	if (equals)
		*equals = '\0';
	if (equals && !log_component_find(piece, &component)) {
		_cleanup_free_ char *all = all_components();

		return sl_fail(errors, EINVAL, "log level", "`%s` is no component; there are %s",
			       piece, all);
	}
	log_settings_set(settings, component, level);
	return 0;
}

int log_settings_take_levels(struct log_settings *settings, const char *text,
			     struct sl_errors *errors)
{
	_cleanup_free_ char *copy = sl_strdup(text);
	struct log_settings taken = *settings;
	char *rest = copy, *piece;
	int err = 0;

	while ((piece = strsep(&rest, ",")) && !err)
		err = take_level(&taken, piece, errors);
	if (!err)
		*settings = taken;
	return err;
}

char *log_settings_levels(const struct log_settings *settings)
{
	char *text = sl_strdup("");

	for (size_t i = 0; i < LOG_COMPONENT_COUNT; i++) {
		_cleanup_free_ char *shorter = text;

		text = sl_printf("%s%s%s=%s", shorter, i ? "," : "", components[i],
				 levels[settings->levels[i]].word);
	}
	return text;
}
