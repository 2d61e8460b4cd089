// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * agent_main.c - sluice-agent's command line.
 */
#include "agent/agent.h"
#include "agent/doctor.h"
#include "base/memory.h"

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum exit_code { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_PERMISSION = 5 };

static const char usage[] =
	"usage: sluice-agent attach INTERFACE [--mode auto|native|generic] [--pin-dir DIR]\n"
	"       sluice-agent status [-o text|json] [--pin-dir DIR]\n"
	"       sluice-agent detach INTERFACE [--pin-dir DIR]\n"
	"       sluice-agent doctor [-o text|json] [--pin-dir DIR]\n"
	"       sluice-agent help | version\n"
	"\n"
	"Takes the outer header off packets that a balancer sent to an address of this host by\n"
	"IPIP. Nothing stays running; the pins under DIR hold the program and its counters\n"
	"(" AGENT_PIN_DIR "). `attach` again after a change of addresses.\n"
	"`status` ends with 0 if the program is on every interface listed, 1 if not or if none "
	"is, 5 without root.\n"
	"`doctor` examines this host and says how to mend it; it ends with 0 if there is nothing "
	"to\n"
	"mend, 1 with warnings, 2 with problems. As root it sees more.\n";

struct arguments {
	const char *command, *interface, *pin_dir;
	enum agent_mode mode;
	bool json;
};

static const char *const verdict_word[AGENT_VERDICT_COUNT] = {
#define X(name, action, word, help) [AGENT_##name] = word,
	SLUICE_AGENT_VERDICTS(X)
#undef X
};

/* ---- commands ------------------------------------------------------------------------------- */

static enum exit_code end(int r, struct sl_errors *errors)
{
	_cleanup_free_ char *text = r < 0 ? sl_errors_text(errors) : NULL;

	if (text)
		fprintf(stderr, "sluice-agent: %s", text);
	sl_errors_deinit(errors);
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

static enum exit_code attach(const struct arguments *arguments)
{
	struct sl_errors errors = {};

	return end(agent_attach(arguments->pin_dir, arguments->interface, arguments->mode, &errors),
		   &errors);
}

static enum exit_code detach(const struct arguments *arguments)
{
	struct sl_errors errors = {};

	return end(agent_detach(arguments->pin_dir, arguments->interface, &errors), &errors);
}

static const char *state_of(const struct agent_status *status)
{
	return status->program_id ? "attached" : "gone";
}

static const char *mode_of(const struct agent_status *status)
{
	return status->mode == AGENT_MODE_AUTO ? "unknown" : agent_mode_word[status->mode];
}

static void print_text(const struct agent_status *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		printf("%s: %s, %s mode, program %u\n", list[i].interface, state_of(&list[i]),
		       mode_of(&list[i]), list[i].program_id);
		for (int verdict = 0; verdict < AGENT_VERDICT_COUNT; verdict++)
			printf("  %-14s %14llu packets %18llu bytes\n", verdict_word[verdict],
			       list[i].counter[verdict].packets, list[i].counter[verdict].bytes);
	}
}

static void print_json(const struct agent_status *list, size_t count)
{
	json_t *all = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *counters = json_object();

		for (int verdict = 0; verdict < AGENT_VERDICT_COUNT; verdict++)
			json_object_set_new(counters, verdict_word[verdict],
					    json_pack("{s:I, s:I}", "packets",
						      (json_int_t)list[i].counter[verdict].packets,
						      "bytes",
						      (json_int_t)list[i].counter[verdict].bytes));
		json_array_append_new(
			all, json_pack("{s:s, s:s, s:s, s:i, s:o}", "interface", list[i].interface,
				       "state", state_of(&list[i]), "mode", mode_of(&list[i]),
				       "program", (int)list[i].program_id, "verdicts", counters));
	}
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static enum exit_code status(const struct arguments *arguments)
{
	_cleanup_free_ struct agent_status *list = NULL;
	struct sl_errors errors = {};
	size_t count = 0, attached = 0;

	if (end(agent_list(arguments->pin_dir, &list, &count, &errors), &errors))
		return EXIT_FAILED;
	for (size_t i = 0; i < count; i++)
		attached += !!list[i].program_id;
	if (arguments->json)
		print_json(list, count);
	else
		print_text(list, count);
	if (!count)
		fprintf(stderr,
			"sluice-agent: attached to no interface: nothing is pinned under %s\n",
			arguments->pin_dir);
	return count && attached == count ? EXIT_DONE : EXIT_FAILED;
}

static void print_findings(const struct report *report)
{
	const char *title = "\nTo mend, as root:\n";

	for (size_t i = 0; i < report->count; i++) {
		const struct finding *finding = &report->findings[i];

		printf("%-7s  %-12s  %s%s%s\n", report_severity_word[finding->severity],
		       finding->check, finding->subject, finding->subject[0] ? ": " : "",
		       finding->text);
	}
	for (size_t i = 0; i < report->count; i++) {
		if (!report->findings[i].remedy[0])
			continue;
		printf("%s  %s\n", title, report->findings[i].remedy);
		title = "";
	}
}

/* Its exit status is the verdict, which is above 1 where other commands mean wrong usage. */
static enum exit_code doctor(const struct arguments *arguments)
{
	struct report report = {};
	struct agent_facts facts;
	enum exit_code verdict;
	json_t *object;

	agent_facts_gather(&facts, arguments->pin_dir);
	agent_examine(&facts, geteuid() ? "only root may look at it" : NULL, &report);
	if (arguments->json) {
		object = report_json(&report, "sluice-agent");
		json_dumpf(object, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(object);
	} else {
		print_findings(&report);
	}
	verdict = report_verdict(&report);
	report_deinit(&report);
	agent_facts_deinit(&facts);
	return verdict;
}

static enum exit_code help(const struct arguments *arguments)
{
	fputs(usage, stdout);
	return EXIT_DONE;
}

static enum exit_code version(const struct arguments *arguments)
{
	printf("sluice-agent %s, ABI %d\n", SLUICE_VERSION, SLUICE_ABI);
	return EXIT_DONE;
}

static const struct command {
	const char *name;
	bool takes_interface;
	bool needs_root;
	enum exit_code (*run)(const struct arguments *arguments);
} commands[] = {
	{"attach", true, true, attach}, {"status", false, true, status},
	{"detach", true, true, detach}, {"doctor", false, false, doctor},
	{"help", false, false, help},	{"version", false, false, version},
};

/* ---- arguments ------------------------------------------------------------------------------ */

static bool parse_mode(const char *text, enum agent_mode *ret_mode)
{
	for (enum agent_mode mode = 0; mode < AGENT_MODE_COUNT; mode++)
		if (!strcmp(text, agent_mode_word[mode])) {
			*ret_mode = mode;
			return true;
		}
	fprintf(stderr, "sluice-agent: --mode %s: must be auto, native or generic\n", text);
	return false;
}

static bool parse_output(const char *text, bool *ret_json)
{
	*ret_json = !strcmp(text, "json");
	if (*ret_json || !strcmp(text, "text"))
		return true;
	fprintf(stderr, "sluice-agent: -o %s: must be text or json\n", text);
	return false;
}

static bool parse_option(int option, struct arguments *ret_arguments)
{
	switch (option) {
	case 'm': return parse_mode(optarg, &ret_arguments->mode);
	case 'o': return parse_output(optarg, &ret_arguments->json);
	case 'p': ret_arguments->pin_dir = optarg; return true;
	case 'h': ret_arguments->command = "help"; return true;
	case 'V': ret_arguments->command = "version"; return true;
	default: return false;
	}
}

static bool parse_arguments(int argc, char **argv, struct arguments *ret_arguments)
{
	static const struct option options[] = {
		{"mode", required_argument, NULL, 'm'},	   {"output", required_argument, NULL, 'o'},
		{"pin-dir", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},	   {},
	};
	int option;

	while ((option = getopt_long(argc, argv, "m:o:p:hV", options, NULL)) >= 0)
		if (!parse_option(option, ret_arguments))
			return false;
	if (optind < argc && !ret_arguments->command)
		ret_arguments->command = argv[optind++];
	if (optind < argc)
		ret_arguments->interface = argv[optind++];
	return ret_arguments->command && optind == argc;
}

static const struct command *find_command(const struct arguments *arguments)
{
	for (const struct command *command = commands; command < commands + sl_count(commands);
	     command++)
		if (!strcmp(command->name, arguments->command) &&
		    command->takes_interface == !!arguments->interface)
			return command;
	return NULL;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.pin_dir = AGENT_PIN_DIR};
	const struct command *command =
		parse_arguments(argc, argv, &arguments) ? find_command(&arguments) : NULL;

	if (!command) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (command->needs_root && geteuid()) {
		fprintf(stderr, "sluice-agent: %s needs root\n", command->name);
		return EXIT_PERMISSION;
	}
	return command->run(&arguments);
}
