/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A completion script for bash, from the command table. Names of backends are asked of the daemon.
 */
#include "command.h"
#include "fail.h"

#include <stdio.h>
#include <string.h>

static void print_first_words(void)
{
	const char *last = "";
	size_t size = 0;

	for (const struct command *command = commands; command->name; command++) {
		size_t now = strcspn(command->name, " ");

		if (now != size || strncmp(last, command->name, now))
			printf(" %.*s", (int)now, command->name);
		last = command->name;
		size = now;
	}
}

static void print_options(uint32_t options)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (options & 1u << i)
			printf(" --%s", option_table[i].word);
}

static void print_second_words(const char *first, size_t size)
{
	for (const struct command *command = commands; command->name; command++)
		if (!strncmp(command->name, first, size) && command->name[size] == ' ')
			printf(" %s", command->name + size + 1);
}

static bool takes_file(const struct command *command)
{
	return !strncmp(command->arguments, "FILE", 4) || !strncmp(command->arguments, "[FILE", 5);
}

/* What the shell runs for a command's first argument. */
static void print_words(const struct command *command)
{
	if (takes_file(command))
		printf("files=1");
	else if (!strncmp(command->arguments, "POOL/BACKEND", 12))
		printf("words=$(sluicectl --no-headers --timeout 1s show backends 2>/dev/null |\n"
		       "\t\t\tawk '{print $1}')");
	else if (!strncmp(command->arguments, "tcp|udp", 7))
		printf("words='tcp udp'");
	else if (!strcmp(command->arguments, "bash"))
		printf("words=bash");
	else if (!strcmp(command->name, "help"))
		printf("words=$commands");
	else
		printf("words=");
}

/* Commands of two words with the same first one share a case: their options and files, too. */
static void print_group(const char *first, size_t size)
{
	uint32_t options = OPTIONS_GLOBAL;
	bool files = false;

	for (const struct command *command = commands; command->name; command++) {
		if (strncmp(command->name, first, size) || command->name[size] != ' ')
			continue;
		options |= command->options;
		files |= takes_file(command);
	}
	printf("\t%.*s) words='", (int)size, first);
	print_second_words(first, size);
	printf("'");
	if (options != OPTIONS_GLOBAL) {
		printf("\n\t\toptions='");
		print_options(options);
		printf("'");
	}
	if (files)
		printf("\n\t\t[ \"$COMP_CWORD\" -eq 2 ] || files=1 words=");
	printf(" ;;\n");
}

static void print_cases(void)
{
	const char *group = "";

	for (const struct command *command = commands; command->name; command++) {
		size_t size = strcspn(command->name, " ");

		if (command->name[size]) {
			if (strncmp(group, command->name, size + 1))
				print_group(command->name, size);
			group = command->name;
			continue;
		}
		printf("\t%s)\n\t\toptions='", command->name);
		print_options(command->options | OPTIONS_GLOBAL);
		printf("'\n\t\t");
		print_words(command);
		printf(" ;;\n");
	}
}

int run_completion(const struct invocation *invocation)
{
	if (strcmp(invocation->arguments[0], "bash"))
		return fail(SLUICE_EXIT_USAGE, "completion is for bash, not \"%s\"",
			    invocation->arguments[0]);
	printf("# bash completion for sluicectl; made by: sluicectl completion bash\n"
	       "_sluicectl() {\n"
	       "\tlocal here=${COMP_WORDS[COMP_CWORD]} commands words options files=\n"
	       "\tcommands='");
	print_first_words();
	printf("'\n\toptions='");
	print_options(OPTIONS_GLOBAL);
	printf("'\n\tCOMPREPLY=()\n"
	       "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	       "\t\tCOMPREPLY=($(compgen -W \"$commands $options\" -- \"$here\"))\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\tcase ${COMP_WORDS[1]} in\n");
	print_cases();
	printf("\tesac\n"
	       "\tcase $here in\n"
	       "\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$here\")) ;;\n"
	       "\t*)\n"
	       "\t\t[ -z \"$files\" ] || COMPREPLY=($(compgen -f -- \"$here\"))\n"
	       "\t\tCOMPREPLY+=($(compgen -W \"$words\" -- \"$here\")) ;;\n"
	       "\tesac\n"
	       "}\n"
	       "complete -F _sluicectl sluicectl\n");
	return SLUICE_EXIT_OK;
}
