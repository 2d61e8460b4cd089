/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints sluicectl(1) in scdoc(5)'s markup, from the table of commands.
 */
#include "command.h"
#include "scdoc.h"
#include "sluice/api.h"

#include <ctype.h>
#include <stdint.h>

static void print_option(const struct option_words *words)
{
	if (words->letter)
		printf("*-%c*, ", words->letter);
	printf("*--%s*", words->word);
	if (words->argument)
		printf(" _%s_", words->argument);
	printf("\n\t");
	scdoc_text(words->help);
	printf("\n\n");
}

static void print_options(uint32_t options)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (options & 1u << i)
			print_option(&option_table[i]);
}

/* An option among others of its command: in a line. */
static void print_own_options(uint32_t options)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_words *words = &option_table[i];

		if (!(options & 1u << i))
			continue;
		printf("\t*--%s*%s%s: ", words->word, words->argument ? " " : "",
		       words->argument ? words->argument : "");
		scdoc_text(words->help);
		printf("\n\n");
	}
}

static void print_command(const struct command *command)
{
	scdoc_bold(command->name);
	putchar(' ');
	scdoc_plain(command->arguments);
	printf("\n\t%c", toupper((unsigned char)command->help[0]));
	scdoc_text(command->help + 1);
	printf(".\n\n");
	if (command->details) {
		putchar('\t');
		scdoc_text(command->details);
		printf("\n\n");
	}
	print_own_options(command->options);
}

int main(void)
{
	printf("sluicectl(1) \"sluice " SLUICE_VERSION "\" \"sluice\"\n\n"
	       "# NAME\n\nsluicectl - drive the sluice load balancer\n\n"
	       "# SYNOPSIS\n\n*sluicectl* [OPTION...] COMMAND [ARGUMENT...]\n\n"
	       "# DESCRIPTION\n\n"
	       "*sluicectl* asks *sluiced*(8) over its Unix socket, and prints what it says as a "
	       "table or as JSON. *check*, *completion*, *help* and *detach* need no daemon.\n\n"
	       "# OPTIONS\n\nThese go with every command.\n\n");
	print_options(OPTIONS_GLOBAL);
	printf("# COMMANDS\n\n");
	for (const struct command *command = commands; command->name; command++)
		print_command(command);
	printf("# EXIT STATUS\n\n");
#define X(name, value, help) printf("*%d*\n\t%s\n\n", value, help);
	SLUICE_EXITS(X)
#undef X
	printf("*diff* and *status* have their own: see there.\n\n"
	       "# ENVIRONMENT\n\n"
	       "*SLUICE\\_SOCKET*\n\tthe daemon's socket, where *--socket* is not given\n\n"
	       "*SLUICE\\_SERVER*, *SLUICE\\_TOKEN\\_FILE*, *SLUICE\\_CA*\n\tthe same for "
	       "*--server*, *--token-file* and *--ca*\n\n"
	       "*NO\\_COLOR*\n\tif set: no colours on a terminal either\n\n"
	       "# FILES\n\n_" SLUICE_SOCKET "_\n\tthe daemon's socket\n\n"
	       "# SEE ALSO\n\n*sluice.yaml*(5), *sluiced*(8), *sluice-agent*(8)\n");
	return 0;
}
