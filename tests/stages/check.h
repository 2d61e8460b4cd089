/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - TAP for tests whose cases are a table. A check that fails says where, and the case goes on.
 */
#ifndef SLUICE_TESTS_CHECK_H
#define SLUICE_TESTS_CHECK_H

#include <stdbool.h>

#define CHECK(condition) check_that((condition), __FILE__, __LINE__, #condition)
#define CHECK_EQUAL(a, b)                                                                          \
	check_equal((long long)(a), (long long)(b), __FILE__, __LINE__, #a " == " #b)

bool check_that(bool holds, const char *file, int line, const char *what);
bool check_equal(long long a, long long b, const char *file, int line, const char *what);

struct check_case {
	const char *name;
	void (*run)(void);
};

/* Runs every case; returns the exit status. */
int check_run(const struct check_case *cases, int count);

/* The same in pieces, for cases of another shape. */
void check_plan(int count);
void check_end(const char *name);
int check_status(void);

#endif
