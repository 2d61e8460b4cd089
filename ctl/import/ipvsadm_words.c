/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of ipvsadm's commands: each option becomes its shortest form, its value the next word.
 */
#include "import/ipvsadm.h"

#include <string.h>

/* Long words and their short ones; `value`: an argument follows. */
static const struct option_name {
	const char *name, *letter;
	bool value;
} option_names[] = {
	{"--add-service", "-A", false},
	{"--add-server", "-a", false},
	{"--edit-service", "-E", false},
	{"--edit-server", "-e", false},
	{"--delete-service", "-D", false},
	{"--delete-server", "-d", false},
	{"--clear", "-C", false},
	{"--tcp-service", "-t", true},
	{"--udp-service", "-u", true},
	{"--sctp-service", "--sctp-service", true},
	{"--fwmark-service", "-f", true},
	{"--scheduler", "-s", true},
	{"--real-server", "-r", true},
	{"--weight", "-w", true},
	{"--gatewaying", "-g", false},
	{"--masquerading", "-m", false},
	{"--ipip", "-i", false},
	{"--persistent", "-p", true},
	{"--netmask", "-M", true},
	{"--ops", "-o", false},
	{"--sched-flags", "-b", true},
	{"--u-threshold", "-x", true},
	{"--l-threshold", "-y", true},
	{"--pe", "--pe", true},
	{"--ipv6", "-6", false},
	{"--tun-type", "--tun-type", true},
	{"--tun-port", "--tun-port", true},
};

static const struct option_name *find_option(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(option_names) / sizeof(*option_names); i++) {
		const struct option_name *option = &option_names[i];

		if ((strlen(option->name) == size && !memcmp(option->name, name, size)) ||
		    (strlen(option->letter) == size && !memcmp(option->letter, name, size)))
			return option;
	}
	return NULL;
}

/* ---- words --------------------------------------------------------------------------------------------- */

/* --weight=5, -w5 and -w 5 become -w 5. */
static void add_word(struct arena *arena, struct statement *statement, const char *text,
		     size_t size)
{
	const struct option_name *option = find_option(text, size);
	const char *equals = memchr(text, '=', size);

	if (option) {
		source_word(arena, statement, option->letter, strlen(option->letter));
		return;
	}
	if (equals && size > 2 && text[0] == '-' && text[1] == '-') {
		add_word(arena, statement, text, equals - text);
		source_word(arena, statement, equals + 1, text + size - equals - 1);
		return;
	}
	option = size > 2 && text[0] == '-' && text[1] != '-' ? find_option(text, 2) : NULL;
	if (option && option->value) {
		source_word(arena, statement, text, 2);
		text += 2;
		size -= 2;
	}
	source_word(arena, statement, text, size);
}

void ipvsadm_split(struct arena *arena, struct statement *statement, const struct line *line)
{
	const char *end = line->text + line->size;
	const char *word = skip_blanks(line->text, end);

	while (word < end) {
		const char *after = skip_word(word, end);

		if (after - word != 1 || *word != '\\')
			add_word(arena, statement, word, after - word);
		word = skip_blanks(after, end);
	}
	statement->last = line->number;
}

bool ipvsadm_is_continued(const struct line *line)
{
	size_t size = line->size;

	while (size && strchr(" \t\r", line->text[size - 1]))
		size--;
	return size && line->text[size - 1] == '\\';
}
