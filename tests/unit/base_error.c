/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

Test(base_error, text_of_all_errors_in_order)
{
	struct sl_errors errors = {};
	char *text;

	cr_assert_eq(sl_fail(&errors, EINVAL, "a:1:2", "%d is not a port", 0), -EINVAL);
	cr_assert_eq(sl_fail(&errors, ERANGE, "a:3:1", "too many"), -ERANGE);
	text = sl_errors_text(&errors);
	cr_assert_str_eq(text, "a:1:2: 0 is not a port\na:3:1: too many\n");
	free(text);
	sl_errors_deinit(&errors);
	cr_assert_eq(errors.count, 0);
}

Test(base_error, no_list_wanted)
{
	cr_assert_eq(sl_fail(NULL, EPERM, "here", "no"), -EPERM);
}

Test(base_error, more_than_are_kept_are_counted)
{
	struct sl_errors errors = {};
	char *text;

	for (int i = 0; i < SL_ERRORS_MAX + 7; i++)
		sl_fail(&errors, EINVAL, "line", "%d", i);
	cr_assert_eq(errors.count, SL_ERRORS_MAX);
	cr_assert_eq(errors.dropped, 7);
	text = sl_errors_text(&errors);
	cr_assert_not_null(strstr(text, "and 7 more\n"));
	free(text);
	sl_errors_deinit(&errors);
}
