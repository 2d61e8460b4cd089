/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A completion script for bash, from the command table. Names of backends are asked of the daemon.
 */
#include "completion.h"

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

enum completion_argument completion_argument(const struct command *command)
{
	static const struct {
		const char *begin;
		enum completion_argument argument;
	} known[] = {
		{"FILE", ARGUMENT_FILE},	 {"POOL/BACKEND", ARGUMENT_BACKEND},
		{"tcp|udp", ARGUMENT_PROTOCOL},	 {"bash|zsh", ARGUMENT_SHELL},
		{"[COMMAND]", ARGUMENT_COMMAND}, {"[COMPONENT]", ARGUMENT_COMPONENT},
		{"[FILE]", ARGUMENT_FILE},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strncmp(command->arguments, known[i].begin, strlen(known[i].begin)))
			return known[i].argument;
	return ARGUMENT_OTHER;
}

int completion_group(const char *first, size_t size, void (*each)(const struct command *command))
{
	int count = 0;

	for (const struct command *command = commands; command->name; command++) {
		if (strncmp(command->name, first, size) || command->name[size] != ' ')
			continue;
		each(command);
		count++;
	}
	return count;
}

static void print_second_word(const struct command *command)
{
	printf("%s", strchr(command->name, ' '));
}

uint32_t completion_group_takes(const char *first, size_t size, bool *ret_files)
{
	uint32_t options = 0;

	*ret_files = false;
	for (const struct command *command = commands; command->name; command++) {
		if (strncmp(command->name, first, size) || command->name[size] != ' ')
			continue;
		options |= command->options;
		*ret_files |= completion_argument(command) == ARGUMENT_FILE;
	}
	return options;
}

/* What the shell runs for a command's first argument. */
static void print_words(const struct command *command)
{
	static const char *const words[] = {
		[ARGUMENT_OTHER] = "words=",
		[ARGUMENT_FILE] = "files=1",
		[ARGUMENT_BACKEND] = "words=$(" COMPLETION_BACKENDS ")",
		[ARGUMENT_PROTOCOL] = "words='tcp udp'",
		[ARGUMENT_COMPONENT] =
			"words=$(" COMPLETION_COMPONENTS ")' error warning info debug'",
		[ARGUMENT_SHELL] = "words='" COMPLETION_SHELLS "'",
		[ARGUMENT_COMMAND] = "words=$commands",
	};

	fputs(words[completion_argument(command)], stdout);
}

/* Commands of two words with the same first one share a case: their options and files, too. */
static void print_group(const char *first, size_t size)
{
	bool files;
	uint32_t options = completion_group_takes(first, size, &files);

	printf("\t%.*s) words='", (int)size, first);
	completion_group(first, size, print_second_word);
	printf("'");
	if (options) {
		printf("\n\t\toptions='");
		print_options(options | OPTIONS_GLOBAL);
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

static void print_bash(void)
{
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
}

int run_completion(const struct invocation *invocation)
{
	const char *shell = invocation->arguments[0];

	if (!strcmp(shell, "bash"))
		print_bash();
	else if (!strcmp(shell, "zsh"))
		completion_zsh();
	else
		return fail(SLUICE_EXIT_USAGE, "completion is for bash or zsh, not \"%s\"", shell);
	return SLUICE_EXIT_OK;
}
