/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option_words option_table[OPTION_COUNT] = {
#define X(name, letter, word, argument, help) {letter, word, argument, help},
	OPTIONS(X)
#undef X
};

/* clang-format off */
const struct command commands[] = {
	{"check", "FILE", 1, 1, 0, run_check,
	 "check a configuration; needs no daemon",
	 "All errors are printed, each with its place in the file. Exit 0 if there is\n"
	 "none, else 3."},
	{"diff", "FILE", 1, 1, 0, run_diff,
	 "say what a configuration would change",
	 "Exit 0 if nothing would change, 1 if something would, 2 on an error."},
	{"apply", "FILE", 1, 1, OPTION_DRY_RUN | OPTION_IF_GENERATION, run_apply,
	 "make a configuration the one in force",
	 "All of it takes effect, or nothing does. Flows that run stay with their\n"
	 "backends. FILE - is standard input. The daemon's own file stays as it is: what\n"
	 "shall last belongs there."},
	{"status", "", 0, 0, OPTION_WATCH, run_status,
	 "healthy, degraded or broken, and why",
	 "Exit 0 healthy, 1 degraded, 2 broken; with --watch 0 when its time is over."},
	{"show services", "", 0, 0, OPTION_WATCH, run_show_services, "services with slots and traffic",
	 "Slots that are MOVING changed hands less than a drain time ago; those in TAIL\n"
	 "wait for the last flows of another backend to end."},
	{"show backends", "", 0, 0, OPTION_WATCH, run_show_backends, "backends with health and flows",
	 "FLOWS are those that have a record. With a + there are more: the service records\n"
	 "only the flows of slots that change hands. WEIGHT 20 of 100 is an override."},
	{"show flows", "", 0, 0, 0, run_show_flows, "the flow table's records and events", NULL},
	{"show verdicts", "", 0, 0, 0, run_show_verdicts, "what became of all packets",
	 "Verdicts without a packet are left out of the table; -o json has them all."},
	{"show interfaces", "", 0, 0, 0, run_show_interfaces, "how the program is attached", NULL},
	{"show config", "", 0, 0, 0, run_show_config, "the configuration in force, for apply",
	 "With -o json that text is one member, beside the generation."},
	{"drain", "POOL/BACKEND", 1, 1, OPTION_WAIT | OPTION_IF_GENERATION, run_drain,
	 "no new flows; those it has stay",
	 "With --wait: until no slot is moving and no flow record names it. That takes the\n"
	 "service's drain time at least. Exit 7 if --timeout is over first; the backend\n"
	 "drains on."},
	{"enable", "POOL/BACKEND", 1, 1, OPTION_IF_GENERATION, run_enable,
	 "take drain or disable back", NULL},
	{"disable", "POOL/BACKEND", 1, 1, OPTION_WAIT | OPTION_IF_GENERATION, run_disable,
	 "leave a backend at once, flows and all", NULL},
	{"weight", "POOL/BACKEND N|default", 2, 2, OPTION_IF_GENERATION, run_weight,
	 "override a backend's weight (0 to 1000)", NULL},
	{"explain", "tcp|udp SOURCE:PORT DESTINATION:PORT", 0, 3,
	 OPTION_INTERFACE | OPTION_FLAGS | OPTION_HEX, run_explain,
	 "say what would become of a packet, and why",
	 "IPv6 addresses stand in brackets: [2001:db8::1]:443. The packet is run through\n"
	 "the real program on the real tables; nothing is sent, counted or recorded."},
	{"top", "", 0, 0, OPTION_ONCE | OPTION_INTERVAL, run_top,
	 "services, backends and verdicts by packets a second",
	 "q ends it. Not on a terminal, or with -o json, one look follows another; with\n"
	 "--once there is a single one, over one interval."},
	{"detach", "", 0, 0, OPTION_PIN_DIR | OPTION_IF_GENERATION, run_detach,
	 "take the program off all interfaces",
	 "With a daemon it stays detached until the daemon is started anew. Without one,\n"
	 "links and maps are removed, which needs root."},
	{"log", "[COMPONENT] [LEVEL]", 0, 2, OPTION_IF_GENERATION, run_log,
	 "show how much is logged, or log more or less",
	 "LEVEL is error, warning, info or debug: lines of it and of those before it are\n"
	 "written. Without COMPONENT it is set for all. It lasts until the daemon ends, or\n"
	 "until it is set again; sluiced --log-level is for what shall last."},
	{"token new", "NAME", 1, 1, OPTION_ROLE | OPTION_EXPIRES | OPTION_FROM, run_token_new,
	 "make a token for a daemon's TCP listener",
	 "Prints the token, which is kept nowhere, and the line for the tokens file of the\n"
	 "daemon (`api.tokens`), which has only its hash. The daemon reads that file again\n"
	 "on SIGHUP. Needs no daemon."},
	{"completion", "bash|zsh", 1, 1, 0, run_completion,
	 "print a completion script for the shell",
	 "For this shell: source <(sluicectl completion bash), or zsh; that comes after\n"
	 "compinit."},
	{"help", "[COMMAND]", 0, 2, 0, run_help, "help on all commands, or on one", NULL},
	{"version", "", 0, 0, 0, run_version, "versions of client and daemon", NULL},
	{NULL, NULL, 0, 0, 0, NULL, NULL, NULL},
};
/* clang-format on */

_Static_assert(OPTION_COUNT <= 32, "a bit for each option");

/* How many of the words are the command's name; 0: they aren't. */
static int match(const char *name, char *const words[], int count)
{
	const char *space = strchr(name, ' ');

	if (count < 1)
		return 0;
	if (!space)
		return !strcmp(name, words[0]);
	if (count < 2 || strlen(words[0]) != (size_t)(space - name) ||
	    strncmp(name, words[0], space - name) || strcmp(space + 1, words[1]))
		return 0;
	return 2;
}

const struct command *command_find(char *const words[], int count, int *ret_used)
{
	for (const struct command *command = commands; command->name; command++) {
		int used = match(command->name, words, count);

		if (!used)
			continue;
		*ret_used = used;
		return command;
	}
	return NULL;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's, by rows; too long a word is far from everything. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);

	if (n >= 63)
		return n;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t above = row[j + 1];

			row[j + 1] = least(diagonal + (a[i] != b[j]), least(above, row[j]) + 1);
			diagonal = above;
		}
	}
	return row[n];
}

const char *command_suggest(char *const words[], int count)
{
	size_t nearest = 3; /* two typing errors */
	const char *found = NULL;

	for (const struct command *command = commands; command->name; command++) {
		char typed[64];
		size_t far;

		if (strchr(command->name, ' ') && count > 1)
			snprintf(typed, sizeof(typed), "%s %s", words[0], words[1]);
		else
			snprintf(typed, sizeof(typed), "%s", words[0]);
		far = distance(typed, command->name);
		if (far >= nearest)
			continue;
		nearest = far;
		found = command->name;
	}
	return found;
}
