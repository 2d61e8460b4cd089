/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same for zsh, whose lists say what a word means.
 */
#include "completion.h"

#include <stdio.h>
#include <string.h>

/* Within single quotes, where brackets and colons have a meaning of their own. */
static void print_quoted(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\'')
			fputs("'\\''", stdout);
		else
			printf("%s%c", strchr("[]:\\", text[i]) ? "\\" : "", text[i]);
	}
}

static void print_text(const char *text)
{
	print_quoted(text, strlen(text));
}

static const char *value_of(const struct option_words *words)
{
	if (!strcmp(words->argument, "PATH") || !strcmp(words->argument, "DIR"))
		return "_files";
	return !strcmp(words->word, "output") ? "(table json)" : " ";
}

/* '(-s --socket)'{-s,--socket}'[help]:PATH:_files' */
static void print_option(const struct option_words *words)
{
	if (words->letter)
		printf(" '(-%c --%s)'{-%c,--%s}'[", words->letter, words->word, words->letter,
		       words->word);
	else
		printf(" '--%s[", words->word);
	print_text(words->help);
	printf("]");
	if (words->argument)
		printf(":%s:%s", words->argument, value_of(words));
	printf("'");
}

static void print_options(uint32_t options)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (options & 1u << i)
			print_option(&option_table[i]);
}

static void print_described(const char *word, size_t size, const char *help)
{
	printf(" '");
	print_quoted(word, size);
	printf(":");
	print_text(help);
	printf("'");
}

static void print_member(const struct command *command)
{
	const char *second = strchr(command->name, ' ') + 1;

	print_described(second, strlen(second), command->help);
}

static void print_argument(const struct command *command)
{
	static const char *const offers[] = {
		[ARGUMENT_OTHER] = " ",
		[ARGUMENT_FILE] = "_files",
		[ARGUMENT_BACKEND] = "_sluicectl_backends",
		[ARGUMENT_PROTOCOL] = "(tcp udp)",
		[ARGUMENT_SHELL] = "(" COMPLETION_SHELLS ")",
		[ARGUMENT_COMMAND] = "_sluicectl_commands",
		[ARGUMENT_COMPONENT] = "_sluicectl_components",
	};

	if (!command->arguments[0])
		return;
	printf(" '1:");
	print_text(command->arguments);
	printf(":%s'", offers[completion_argument(command)]);
}

/* Members of a group share their options, and files come after the second word. */
static void print_group(const char *first, size_t size)
{
	bool files;
	uint32_t options = completion_group_takes(first, size, &files);

	printf("\t\tlist=(");
	completion_group(first, size, print_member);
	printf(")\n\t\t_arguments $global");
	print_options(options);
	printf(" '1: :{_describe word list}'%s ;;\n", files ? " '2:FILE:_files'" : "");
}

static void print_case(const struct command *command, size_t size)
{
	printf("\t%.*s)\n", (int)size, command->name);
	if (command->name[size]) {
		print_group(command->name, size);
		return;
	}
	printf("\t\t_arguments $global");
	print_options(command->options);
	print_argument(command);
	printf(" ;;\n");
}

/* Each first word once: members of a group stand side by side in the table. */
static void for_each_first_word(void (*each)(const struct command *command, size_t size))
{
	const struct command *last = NULL;

	for (const struct command *command = commands; command->name; last = command++) {
		size_t size = strcspn(command->name, " ");

		if (!last || strcspn(last->name, " ") != size ||
		    strncmp(last->name, command->name, size))
			each(command, size);
	}
}

static void print_first_word(const struct command *command, size_t size)
{
	print_described(command->name, size,
			command->name[size] ? "see the words after it" : command->help);
}

void completion_zsh(void)
{
	printf("#compdef sluicectl\n"
	       "# zsh completion for sluicectl; made by: sluicectl completion zsh\n"
	       "_sluicectl_backends() {\n"
	       "\tlocal -a list\n"
	       "\tlist=(${(f)\"$(" COMPLETION_BACKENDS ")\"})\n"
	       "\tcompadd -a list\n"
	       "}\n"
	       "_sluicectl_components() {\n"
	       "\tlocal -a list\n"
	       "\tlist=(${(f)\"$(" COMPLETION_COMPONENTS ")\"} error warning info debug)\n"
	       "\tcompadd -a list\n"
	       "}\n"
	       "_sluicectl_commands() {\n"
	       "\tlocal -a list\n"
	       "\tlist=(");
	for_each_first_word(print_first_word);
	printf(")\n"
	       "\t_describe command list\n"
	       "}\n"
	       "_sluicectl() {\n"
	       "\tlocal context state line\n"
	       "\tlocal -a global list\n"
	       "\tglobal=(");
	print_options(OPTIONS_GLOBAL);
	printf(")\n"
	       "\t_arguments -C $global '1: :_sluicectl_commands' '*:: :->rest' && return\n"
	       "\t[[ $state == rest ]] || return\n"
	       "\tcase $line[1] in\n");
	for_each_first_word(print_case);
	printf("\tesac\n"
	       "}\n"
	       "if [[ $funcstack[1] == _sluicectl ]]; then\n"
	       "\t_sluicectl \"$@\"\n"
	       "else\n"
	       "\tcompdef _sluicectl sluicectl\n"
	       "fi\n");
}
