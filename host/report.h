/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h - what a doctor found: each finding with its severity, what it is about, and the command
 * that mends it.
 *
 * host/ is what sluicectl and sluice-agent both know about the machine they run on. It includes
 * nothing of daemon/ or ctl/, so that all of them may include it. It never prints.
 */
#ifndef SLUICE_HOST_REPORT_H
#define SLUICE_HOST_REPORT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, "word"), the worst last. */
#define REPORT_SEVERITIES(X)                                                                       \
	X(OK, "ok")                                                                                \
	X(SKIPPED, "skipped")                                                                      \
	X(WARNING, "warning")                                                                      \
	X(PROBLEM, "problem")

enum report_severity {
#define X(name, word) REPORT_##name,
	REPORT_SEVERITIES(X) REPORT_SEVERITY_COUNT
#undef X
};

extern const char *const report_severity_word[REPORT_SEVERITY_COUNT];

struct finding {
	enum report_severity severity;
	const char *check; /* borrowed, static */
	char subject[64];  /* an interface, a backend, a file; or "" */
	char text[320];	   /* for a skipped one: the reason */
	char remedy[256];  /* a line for a root shell; or "" */
};

struct report {
	struct finding *findings; /* owned */
	size_t count;
	const char *check; /* whose findings are added now */
};

/* What a check may need. What is missing makes it skipped, with the reason. */
enum check_need {
	CHECK_NEEDS_ROOT = 1u << 0,
	CHECK_NEEDS_DAEMON = 1u << 1,
};

/*
 * A check adds what it found. If that is nothing, all is well, and `fine` says what that means.
 * `subject` of run is what the doctor examines: facts that were gathered before.
 */
struct check {
	const char *name;
	const char *looks_at;
	const char *fine;
	uint32_t needs;
	void (*run)(const void *facts, struct report *report);
};

/* Runs all. `reasons` has one for each enum check_need that isn't met, by its bit's number; NULL: met. */
void report_run(struct report *report, const struct check *checks, size_t count,
		const char *const reasons[], const void *facts);

/* The last added finding gets a remedy by report_remedy(). Longer texts are cut. */
void report_add(struct report *report, enum report_severity severity, const char *subject,
		const char *format, ...) __attribute__((format(printf, 4, 5)));
void report_remedy(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* 0: neither warnings nor problems, 1: warnings, 2: problems. Also the exit status. */
int report_verdict(const struct report *report);

/* {"kind": "Examination", "program": .., "verdict": .., "findings": [..]} */
json_t *report_json(const struct report *report, const char *program);

void report_deinit(struct report *report);

#endif
