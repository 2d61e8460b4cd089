/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/check.h"

#include <criterion/criterion.h>

#include <stdlib.h>

/* Results: '+' and '-'; states after each: 'u' up, 'd' down. */
static void follow(enum check_state start, uint32_t rise, uint32_t fall, const char *results,
		   const char *states)
{
	struct check check;

	check_init(&check, start, 0);
	for (size_t i = 0; results[i]; i++) {
		enum check_state before = check.state;
		bool changed = check_result(&check, results[i] == '+', rise, fall, i + 1);

		cr_assert_eq(check.state, states[i] == 'u' ? CHECK_UP : CHECK_DOWN,
			     "%s: state after result %zu", results, i + 1);
		cr_assert_eq(changed, check.state != before, "%s: news at result %zu", results,
			     i + 1);
	}
}

Test(check, first_result_decides_an_unknown_one)
{
	follow(CHECK_UNKNOWN, 2, 3, "+", "u");
	follow(CHECK_UNKNOWN, 2, 3, "-", "d");
}

Test(check, falls_after_fall_failures_in_a_row)
{
	follow(CHECK_UP, 2, 3, "---", "uud");
	follow(CHECK_UP, 2, 3, "--+--+---", "uuuuuuuud");
	follow(CHECK_UP, 2, 1, "-", "d");
}

Test(check, rises_after_rise_successes_in_a_row)
{
	follow(CHECK_DOWN, 2, 3, "++", "du");
	follow(CHECK_DOWN, 2, 3, "+-+-++", "dddddu");
	follow(CHECK_DOWN, 1, 3, "+", "u");
}

Test(check, streak_begins_anew_in_each_state)
{
	follow(CHECK_UNKNOWN, 2, 2, "+--++--", "uudduud");
}

Test(check, counts_and_times)
{
	struct check check;

	check_init(&check, CHECK_UNKNOWN, 5);
	cr_assert_eq(check.since_ns, 5);
	check_result(&check, true, 2, 2, 10);
	check_result(&check, true, 2, 2, 20);
	check_result(&check, false, 2, 2, 30);
	cr_assert_eq(check.since_ns, 10);
	cr_assert_eq(check.streak, 1);
	check_result(&check, false, 2, 2, 40);
	cr_assert_eq(check.since_ns, 40);
	cr_assert_eq(check.streak, 0);
	cr_assert_eq(check.successes, 2);
	cr_assert_eq(check.failures, 2);
}

/* The rule, told from the history instead of a counter. */
static bool must_flip(const bool *results, size_t entered, size_t now, bool up, size_t need)
{
	if (now - entered < need)
		return false;
	for (size_t i = 0; i < need; i++)
		if (results[now - 1 - i] == up)
			return false;
	return true;
}

Test(check, flips_exactly_when_the_history_says)
{
	srandom(1);
	for (int round = 0; round < 500; round++) {
		uint32_t rise = 1 + random() % 5, fall = 1 + random() % 5;
		int bias = 1 + random() % 9;
		bool results[200], up = random() % 2;
		size_t entered = 0;
		struct check check;

		check_init(&check, up ? CHECK_UP : CHECK_DOWN, 0);
		for (size_t i = 0; i < 200; i++) {
			bool changed, expected;

			results[i] = random() % 10 < bias;
			changed = check_result(&check, results[i], rise, fall, i + 1);
			expected = must_flip(results, entered, i + 1, up, up ? fall : rise);
			cr_assert_eq(changed, expected, "rise %u fall %u, result %zu", rise, fall,
				     i);
			if (expected) {
				up = !up;
				entered = i + 1;
			}
			cr_assert_eq(check.state, up ? CHECK_UP : CHECK_DOWN);
			cr_assert_eq(check.since_ns, entered);
		}
	}
}
