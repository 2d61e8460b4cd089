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
	 "Exit 0 if nothing would change, 1 if something would, 2 on an error. For each\n"
	 "service: the slots that get another backend, and the live flows that drain or\n"
	 "end with what goes. \"at least\": not all of its flows have a record."},
	{"apply", "FILE", 1, 1,
	 OPTION_DRY_RUN | OPTION_CONFIRM | OPTION_MAX_MOVE | OPTION_IF_GENERATION | OPTION_MESSAGE,
	 run_apply, "make a configuration the one in force",
	 "All of it takes effect, or nothing does. Flows that run stay with their\n"
	 "backends. FILE - is standard input. The daemon's own file stays as it is: what\n"
	 "shall last belongs there, unless `config-source` is store. With --confirm no other\n"
	 "change is taken until it is confirmed or undone. Exit 6 if one waits already, if\n"
	 "too much would move, or if another generation is in force."},
	{"confirm", "[N]", 0, 1, 0, run_confirm,
	 "keep a change that would undo itself",
	 "With N only if that generation waits. Exit 6 if nothing waits."},
	{"rollback", "[N]", 0, 1,
	 OPTION_DRY_RUN | OPTION_CONFIRM | OPTION_MAX_MOVE | OPTION_IF_GENERATION | OPTION_MESSAGE,
	 run_rollback, "go back to an earlier generation",
	 "To generation N, or to the one before; if a change waits to be confirmed, that\n"
	 "one is undone. It becomes a generation of its own. What needs a restart stays as\n"
	 "it is."},
	{"history", "", 0, 0, OPTION_LIMIT, run_history,
	 "who changed the configuration, when and why", NULL},
	{"status", "", 0, 0, OPTION_WATCH, run_status,
	 "healthy, degraded or broken, and why",
	 "Exit 0 healthy, 1 degraded, 2 broken; with --watch 0 when its time is over."},
	{"show services", "", 0, 0, OPTION_WATCH, run_show_services, "services with slots and traffic",
	 "Slots that are MOVING changed hands less than a drain time ago; those in TAIL\n"
	 "wait for the last flows of another backend to end."},
	{"show backends", "", 0, 0, OPTION_WATCH, run_show_backends, "backends with health and flows",
	 "FLOWS are those that have a record. With a + there are more: the service records\n"
	 "only the flows of slots that change hands. WEIGHT 20 of 100 is an override;\n"
	 "BY says who drained, disabled or weighed it, and until when."},
	{"show flows", "", 0, 0, 0, run_show_flows, "the flow table's records and events", NULL},
	{"show verdicts", "", 0, 0, 0, run_show_verdicts, "what became of all packets",
	 "Verdicts without a packet are left out of the table; -o json has them all."},
	{"show interfaces", "", 0, 0, 0, run_show_interfaces, "how the program is attached", NULL},
	{"show config", "", 0, 0, OPTION_AT, run_show_config, "the configuration in force, for apply",
	 "With -o json that text is one member, beside the generation."},
	{"doctor", "", 0, 0, OPTION_PIN_DIR, run_doctor,
	 "examine this host and say how to mend it",
	 "Exit 0 if there is nothing to mend, 1 with warnings, 2 with problems. What needs a\n"
	 "daemon or root is skipped without. It sends ICMP echoes to the backends and changes\n"
	 "nothing."},
	{"events", "", 0, 0, OPTION_FOLLOW | OPTION_SINCE | OPTION_LIMIT | OPTION_KIND, run_events,
	 "what happened, and who did it",
	 "One line an event, oldest first; times are UTC. The newest 20, or with --since all of\n"
	 "that time. With --follow it goes on, also when the daemon starts anew. With -o json\n"
	 "each line is an object. What was lost for the log is said on standard error."},
	{"drain", "POOL/BACKEND", 1, 1, OPTION_FOR | OPTION_MESSAGE | OPTION_IF_GENERATION | OPTION_WAIT, run_drain,
	 "no new flows; those it has stay",
	 "It survives restarts, until --for is over or `enable` takes it back. With --wait: until\n"
	 "no slot is moving and no flow record names it. That takes the service's drain time\n"
	 "at least. Exit 7 if --timeout is over first; the backend drains on."},
	{"enable", "POOL/BACKEND", 1, 1, OPTION_MESSAGE | OPTION_IF_GENERATION, run_enable,
	 "take drain or disable back", NULL},
	{"disable", "POOL/BACKEND", 1, 1, OPTION_FOR | OPTION_MESSAGE | OPTION_IF_GENERATION | OPTION_WAIT, run_disable,
	 "leave a backend at once, flows and all",
	 "It survives restarts, until --for is over or `enable` takes it back."},
	{"weight", "POOL/BACKEND N|default", 2, 2, OPTION_FOR | OPTION_MESSAGE | OPTION_IF_GENERATION, run_weight,
	 "override a backend's weight (0 to 1000)",
	 "It survives restarts, until --for is over or `default` takes it back."},
	{"explain", "tcp|udp SOURCE:PORT DESTINATION:PORT", 0, 3,
	 OPTION_INTERFACE | OPTION_FLAGS | OPTION_HEX, run_explain,
	 "say what would become of a packet, and why",
	 "IPv6 addresses stand in brackets: [2001:db8::1]:443. The packet is run through\n"
	 "the real program on the real tables; nothing is sent, counted or recorded. The\n"
	 "interface is the first if none is given."},
	{"import ipvsadm", "[FILE]", 0, 1, OPTION_INTERFACE, run_import_ipvsadm,
	 "make a configuration of an IPVS table",
	 "Reads what ipvsadm -Sn or ipvsadm -Ln prints, from standard input if no FILE is\n"
	 "given, and prints a file for sluice. Comments in it name all that sluice has\n"
	 "nothing like. The interface is eth0 if none is given. Needs no daemon."},
	{"import keepalived", "FILE", 1, 1, OPTION_INTERFACE, run_import_keepalived,
	 "make a configuration of keepalived's",
	 "Prints a file for sluice. Comments in it name all that sluice has nothing like.\n"
	 "FILE - is standard input. The interface is eth0 if none is given. Needs no\n"
	 "daemon."},
	{"import haproxy", "FILE", 1, 1, OPTION_INTERFACE | OPTION_VIP, run_import_haproxy,
	 "make a configuration of HAProxy's",
	 "Prints a file for sluice. Comments in it name all that sluice has nothing like.\n"
	 "What listens at all addresses (bind :80) needs --vip. FILE - is standard input.\n"
	 "The interface is eth0 if none is given. Needs no daemon."},
	{"top", "", 0, 0, OPTION_ONCE | OPTION_INTERVAL, run_top,
	 "services, backends and verdicts by packets a second",
	 "q ends it. Not on a terminal, or with -o json, one look follows another; with\n"
	 "--once there is a single one, over one interval."},
	{"attach", "[INTERFACE...]", 0, -1, OPTION_FOR | OPTION_IF_GENERATION, run_attach,
	 "attach the program again, or keep it after a trial",
	 "To all interfaces of the configuration, if none is named. With --for it is a\n"
	 "trial: the program is taken off again after that time, or at once if the daemon\n"
	 "ends meanwhile, unless attach without --for keeps it."},
	{"detach", "", 0, 0, OPTION_PIN_DIR | OPTION_IF_GENERATION, run_detach,
	 "take the program off all interfaces",
	 "With a daemon it stays detached until attach, or until the daemon is started\n"
	 "anew. Without one, links and maps are removed, which needs root."},
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

bool command_is_group(const char *word)
{
	size_t size = strlen(word);

	for (const struct command *command = commands; command->name; command++)
		if (!strncmp(command->name, word, size) && command->name[size] == ' ')
			return true;
	return false;
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
