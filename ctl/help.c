/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "fail.h"

#include <stdio.h>
#include <string.h>

static void print_options(uint32_t options)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_words *words = &option_table[i];
		char left[40];

		if (!(options & 1u << i))
			continue;
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", words->letter ? "-" : " ",
			 words->letter ? words->letter : ' ', words->letter ? ", " : "  ",
			 words->word, words->argument ? " " : "",
			 words->argument ? words->argument : "");
		printf("  %-26s %s\n", left, words->help);
	}
}

static void print_command(const struct command *command)
{
	printf("usage: sluicectl %s%s%s%s\n\n%s\n", command->name,
	       command->options ? " [OPTION...]" : "", command->arguments[0] ? " " : "",
	       command->arguments, command->help);
	if (command->details)
		printf("%s\n", command->details);
	printf("\nOptions:\n");
	print_options(command->options);
	print_options(OPTIONS_GLOBAL);
}

static void print_all(void)
{
	printf("usage: sluicectl [OPTION...] COMMAND [ARGUMENT...]\n\nCommands:\n");
	for (const struct command *command = commands; command->name; command++) {
		_free_ char *left = text_printf("%s %s", command->name, command->arguments);

		if (strlen(left) > 34)
			printf("  %s\n  %-34s %s\n", left, "", command->help);
		else
			printf("  %-34s %s\n", left, command->help);
	}
	printf("\nOptions:\n");
	print_options(OPTIONS_GLOBAL);
	printf("\nExit status:\n");
#define X(name, value, text) printf("  %d  %s\n", value, text);
	SLUICE_EXITS(X)
#undef X
}

bool command_print_group(const char *word)
{
	size_t size = strlen(word);
	bool found = false;

	for (const struct command *command = commands; command->name; command++) {
		if (strncmp(command->name, word, size) || command->name[size] != ' ')
			continue;
		printf("  %-34s %s\n", command->name, command->help);
		found = true;
	}
	return found;
}

int run_help(const struct invocation *invocation)
{
	const struct command *command = NULL;
	int used;

	if (!invocation->n_arguments) {
		print_all();
		return SLUICE_EXIT_OK;
	}
	for (const struct command *at = commands; at->name && !command; at++)
		if (!strcmp(at->name, invocation->arguments[0]))
			command = at;
	if (!command)
		command = command_find(invocation->arguments, invocation->n_arguments, &used);
	if (command)
		print_command(command);
	else if (!command_print_group(invocation->arguments[0]))
		return fail(SLUICE_EXIT_USAGE, "no command \"%s\"; see sluicectl help",
			    invocation->arguments[0]);
	return SLUICE_EXIT_OK;
}
