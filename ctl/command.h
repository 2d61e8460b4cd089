/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command.h - the table of all commands: parsing, help and completion come from it.
 */
#ifndef SLUICECTL_COMMAND_H
#define SLUICECTL_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, 'short' or 0, "long", "ARGUMENT" or NULL, help) */
#define OPTIONS(X)                                                                                 \
	X(SOCKET, 's', "socket", "PATH", "the daemon's socket (or $SLUICE_SOCKET)")                \
	X(SERVER, 0, "server", "URL", "https://HOST:PORT instead (or $SLUICE_SERVER)")             \
	X(TOKEN_FILE, 0, "token-file", "FILE", "the token for it (or $SLUICE_TOKEN_FILE)")         \
	X(CA, 0, "ca", "FILE", "its signers (or $SLUICE_CA; default: the host's)")                 \
	X(OUTPUT, 'o', "output", "FORMAT", "table or json")                                        \
	X(TIMEOUT, 't', "timeout", "TIME", "give up after that long, as 500ms, 5m (default 10s)")  \
	X(NO_HEADERS, 0, "no-headers", NULL, "tables without their first line")                    \
	X(HELP, 'h', "help", NULL, "help on the command")                                          \
	X(DRY_RUN, 0, "dry-run", NULL, "say what would change, and change nothing")                \
	X(IF_GENERATION, 0, "if-generation", "N",                                                  \
	  "only if the configuration is still generation N")                                       \
	X(CONFIRM, 0, "confirm", "TIME",                                                           \
	  "undo it by itself unless `sluicectl confirm` follows in time")                          \
	X(MAX_MOVE, 0, "max-move", "SHARE",                                                        \
	  "refuse it if more of a service's slots would move, as 5%")                              \
	X(MESSAGE, 'm', "message", "TEXT", "why, for history and events")                          \
	X(AT, 0, "at", "N", "of generation N")                                                     \
	X(LIMIT, 'n', "limit", "N", "that many, the newest (default 20)")                          \
	X(FOLLOW, 'f', "follow", NULL, "go on with what happens, until it is ended")               \
	X(SINCE, 0, "since", "TIME", "not older than that, as 30s, 5m, 24h")                       \
	X(KIND, 0, "kind", "KINDS", "only of these kinds, as backend_down,override")               \
	X(FOR, 0, "for", "TIME", "for that long only, as 30m, 24h")                                \
	X(WAIT, 0, "wait", NULL, "wait until no flow is left (for ever, or --timeout)")            \
	X(INTERFACE, 'i', "interface", "NAME", "the interface that packets come in by")            \
	X(FLAGS, 0, "flags", "FLAGS", "TCP flags, as syn or fin,ack (default syn)")                \
	X(HEX, 0, "hex", "FRAME", "an Ethernet frame in hex digits instead")                       \
	X(ONCE, 0, "once", NULL, "one look, then end")                                             \
	X(INTERVAL, 0, "interval", "TIME", "from one look to the next (default 1s)")               \
	X(VIP, 0, "vip", "ADDRESS", "for services that listen at all addresses")                   \
	X(ROLE, 0, "role", "ROLE", "viewer, operator or admin")                                    \
	X(EXPIRES, 0, "expires", "TIME", "it ends after that long, as 12h, 90d (default: never)")  \
	X(FROM, 0, "from", "PREFIX", "only from there, as 10.0.0.0/8 (several with commas)")       \
	X(WATCH, 'w', "watch", NULL, "again whenever it changes (for ever, or --timeout)")         \
	X(PIN_DIR, 'p', "pin-dir", "DIR", "where maps and links are pinned, if no daemon runs")

enum option_number {
#define X(name, letter, word, argument, help) OPTION_NUMBER_##name,
	OPTIONS(X)
#undef X
		OPTION_COUNT
};

enum option_bit {
#define X(name, letter, word, argument, help) OPTION_##name = 1u << OPTION_NUMBER_##name,
	OPTIONS(X)
#undef X
		OPTIONS_GLOBAL = OPTION_SOCKET | OPTION_SERVER | OPTION_TOKEN_FILE | OPTION_CA |
				 OPTION_OUTPUT | OPTION_TIMEOUT | OPTION_NO_HEADERS | OPTION_HELP,
};

struct option_words {
	int letter; /* 0: none */
	const char *word, *argument, *help;
};
extern const struct option_words option_table[OPTION_COUNT];

/* A command with its options and arguments, as it was typed. */
struct invocation {
	const struct command *command;
	const char *program; /* argv[0] */
	char **arguments;
	int n_arguments;
	const char *socket;
	const char *server;	/* instead of the socket; NULL: none */
	const char *token_file; /* NULL: none, and so below */
	const char *ca;
	bool json;
	bool headers;
	uint64_t timeout_ms;		  /* 0: not given */
	uint32_t given;			  /* enum option_bit */
	const char *values[OPTION_COUNT]; /* of those with an argument */
};

/* Returns the exit status. */
typedef int command_fn(const struct invocation *invocation);

struct command {
	const char *name; /* one or two words */
	const char *arguments;
	int least, most; /* arguments; most -1: any number */
	uint32_t options;
	command_fn *run;
	const char *help;
	const char *details; /* more lines for `help COMMAND`, or NULL */
};

/* Ended by one without a name. */
extern const struct command commands[];

/* By the words at `words`; *ret_used says how many. NULL: none. */
const struct command *command_find(char *const words[], int count, int *ret_used);
/* The name nearest to what was typed, or NULL if none is near. */
const char *command_suggest(char *const words[], int count);

/* There are commands of two words that begin with this one. */
bool command_is_group(const char *word);
/* Lists the commands of two words that begin with this one; false: there are none. */
bool command_print_group(const char *word);

command_fn run_check, run_diff, run_apply, run_confirm, run_rollback, run_history, run_status,
	run_show_services, run_show_backends, run_show_flows, run_show_verdicts,
	run_show_interfaces, run_show_config, run_drain, run_enable, run_disable, run_weight,
	run_explain, run_import_ipvsadm, run_import_keepalived, run_import_haproxy, run_top,
	run_attach, run_detach, run_doctor, run_events, run_log, run_token_new, run_completion,
	run_help, run_version;

#endif
