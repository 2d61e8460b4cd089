/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sluicectl - the operator's client. Finds the command in the table, reads its options, runs it.
 */
#include "command.h"
#include "duration.h"
#include "fail.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_BASE 256 /* getopt's value of a long option: this and its number */

struct getopt_tables {
	struct option longs[OPTION_COUNT + 1];
	char shorts[2 * OPTION_COUNT + 3];
};

/* "+" stops at the first word; ":" leaves the messages to us. */
static void fill_tables(struct getopt_tables *tables, uint32_t options, bool stop)
{
	char *letter = tables->shorts;
	struct option *at = tables->longs;

	memset(tables, 0, sizeof(*tables));
	if (stop)
		*letter++ = '+';
	*letter++ = ':';
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_words *words = &option_table[i];

		if (!(options & 1u << i))
			continue;
		*at++ = (struct option){words->word, words->argument != NULL, NULL, LONG_BASE + i};
		if (!words->letter)
			continue;
		*letter++ = words->letter;
		if (words->argument)
			*letter++ = ':';
	}
}

static int number_of(int found)
{
	if (found >= LONG_BASE)
		return found - LONG_BASE;
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].letter == found)
			return i;
	return -1;
}

static int take_option(struct invocation *invocation, int number, const char *value)
{
	invocation->given |= 1u << number;
	invocation->values[number] = value;
	if (number == OPTION_NUMBER_SOCKET)
		invocation->socket = value;
	if (number == OPTION_NUMBER_SERVER)
		invocation->server = value;
	if (number == OPTION_NUMBER_TOKEN_FILE)
		invocation->token_file = value;
	if (number == OPTION_NUMBER_CA)
		invocation->ca = value;
	if (number == OPTION_NUMBER_NO_HEADERS)
		invocation->headers = false;
	if (number == OPTION_NUMBER_TIMEOUT && !duration_parse(value, &invocation->timeout_ms))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a time like 500ms, 10s or 5m", value);
	if (number == OPTION_NUMBER_IF_GENERATION &&
	    (!value[0] || value[strspn(value, "0123456789")]))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a generation: see sluicectl status",
			    value);
	if (number != OPTION_NUMBER_OUTPUT)
		return SLUICE_EXIT_OK;
	invocation->json = !strcmp(value, "json");
	if (!invocation->json && strcmp(value, "table"))
		return fail(SLUICE_EXIT_USAGE, "output is table or json, not \"%s\"", value);
	return SLUICE_EXIT_OK;
}

static int bad_option(char *const argv[], int found, const char *command)
{
	const char *typed = argv[optind - 1];

	if (found == ':')
		return fail(SLUICE_EXIT_USAGE, "%s needs a value", typed);
	if (command)
		return fail(SLUICE_EXIT_USAGE, "%s has no option %s; see sluicectl help %s",
			    command, typed, command);
	return fail(SLUICE_EXIT_USAGE, "no option %s; see sluicectl help", typed);
}

static int read_options(struct invocation *invocation, int argc, char *argv[])
{
	const struct command *command = invocation->command;
	uint32_t options = OPTIONS_GLOBAL | (command ? command->options : 0);
	struct getopt_tables tables;
	int found, status;

	fill_tables(&tables, options, !command);
	optind = 0;
	while ((found = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		if (found == '?' || found == ':')
			return bad_option(argv, found, command ? command->name : NULL);
		status = take_option(invocation, number_of(found), optarg);
		if (status)
			return status;
	}
	return SLUICE_EXIT_OK;
}

static int find_command(struct invocation *invocation, int argc, char *argv[], int *ret_used)
{
	const char *near;

	if (!argc) {
		run_help(invocation);
		return SLUICE_EXIT_USAGE;
	}
	invocation->command = command_find(argv, argc, ret_used);
	if (invocation->command)
		return SLUICE_EXIT_OK;
	if (argc == 1 && command_print_group(argv[0]))
		return SLUICE_EXIT_USAGE;
	near = command_suggest(argv, argc);
	if (near)
		return fail(SLUICE_EXIT_USAGE, "no command \"%s%s%s\"; did you mean \"%s\"?",
			    argv[0], strchr(near, ' ') && argc > 1 ? " " : "",
			    strchr(near, ' ') && argc > 1 ? argv[1] : "", near);
	if (argc > 1 && command_is_group(argv[0]))
		return fail(SLUICE_EXIT_USAGE, "no command \"%s %s\"; see sluicectl help %s",
			    argv[0], argv[1], argv[0]);
	return fail(SLUICE_EXIT_USAGE, "no command \"%s\"; see sluicectl help", argv[0]);
}

static int check_arguments(const struct invocation *invocation)
{
	const struct command *command = invocation->command;
	int count = invocation->n_arguments;

	if (count >= command->least && (command->most < 0 || count <= command->most))
		return SLUICE_EXIT_OK;
	return fail(SLUICE_EXIT_USAGE, "usage: sluicectl %s%s%s", command->name,
		    command->arguments[0] ? " " : "", command->arguments);
}

static int help_on(const struct invocation *invocation)
{
	char *name = (char *)(invocation->command ? invocation->command->name : "");
	struct invocation help = {.arguments = &name, .n_arguments = name[0] != '\0'};

	return run_help(&help);
}

static const char *environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && value[0] ? value : otherwise;
}

/* An option says more than the environment, whichever of the two ways that means. */
static int choose_way(struct invocation *invocation)
{
	uint32_t both = OPTION_SOCKET | OPTION_SERVER;

	if ((invocation->given & both) == both)
		return fail(SLUICE_EXIT_USAGE, "--socket and --server are two ways to the daemon: "
					       "give one");
	if (invocation->given & OPTION_SOCKET)
		invocation->server = NULL;
	return SLUICE_EXIT_OK;
}

int main(int argc, char *argv[])
{
	struct invocation invocation = {
		.program = argv[0],
		.socket = environment("SLUICE_SOCKET", SLUICE_SOCKET),
		.server = environment("SLUICE_SERVER", NULL),
		.token_file = environment("SLUICE_TOKEN_FILE", NULL),
		.ca = environment("SLUICE_CA", NULL),
		.headers = true,
	};
	int used, status = read_options(&invocation, argc, argv);

	if (status)
		return status;
	argc -= optind;
	argv += optind;
	if (invocation.given & OPTION_HELP && !argc)
		return help_on(&invocation);
	status = find_command(&invocation, argc, argv, &used);
	if (status)
		return status;
	/* getopt leaves the word before the first alone: the name's last. */
	argc -= used - 1;
	argv += used - 1;
	status = read_options(&invocation, argc, argv);
	if (status)
		return status;
	if (invocation.given & OPTION_HELP)
		return help_on(&invocation);
	invocation.arguments = argv + optind;
	invocation.n_arguments = argc - optind;
	status = check_arguments(&invocation);
	if (!status)
		status = choose_way(&invocation);
	return status ? status : invocation.command->run(&invocation);
}
