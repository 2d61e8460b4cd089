/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every tests/config/good/NAME.yaml is read, and what is written of it is NAME.written; every
 * bad/NAME.yaml is refused with the errors in NAME.errors, word for word. UPDATE_GOLDENS=1 writes the
 * expected files anew, for review.
 */
#include "base/memory.h"
#include "config/read.h"
#include "config/write.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

static char *slurp(const char *path, size_t *ret_size)
{
	_cleanup_file_ FILE *in = fopen(path, "r");
	char *text = sl_calloc(1, 1 << 20);

	cr_assert(in, "%s: can't be opened", path);
	*ret_size = fread(text, 1, (1 << 20) - 1, in);
	return text;
}

static void update(const char *path, const char *text)
{
	_cleanup_file_ FILE *out = fopen(path, "w");

	cr_assert(out, "%s: can't be written", path);
	fputs(text, out);
}

/* "dir/NAME.yaml" and ".written" make "dir/NAME.written". */
static void expect_text(const char *source, const char *suffix, const char *text)
{
	_cleanup_free_ char *path = sl_printf("%.*s%s", (int)(strlen(source) - 5), source, suffix);
	_cleanup_free_ char *expected = NULL;
	size_t size;

	if (getenv("UPDATE_GOLDENS"))
		update(path, text);
	expected = slurp(path, &size);
	cr_expect_str_eq(text, expected, "%s is not what came out:\n%s", path, text);
}

static int read_source(const char *path, struct config **ret_config, struct sl_errors *errors)
{
	size_t size;
	_cleanup_free_ char *text = slurp(path, &size);

	return config_read(strrchr(path, '/') + 1, text, size, ret_config, errors);
}

static void check_good(const char *path)
{
	_cleanup_config_ struct config *config = NULL, *again = NULL;
	_cleanup_free_ char *written = NULL, *written_again = NULL, *text = NULL;
	struct sl_errors errors = {0};
	int failed = read_source(path, &config, &errors);

	text = sl_errors_text(&errors);
	sl_errors_deinit(&errors);
	cr_expect(!failed, "%s: %s", path, text);
	if (failed)
		return;
	written = config_write(config);
	expect_text(path, ".written", written);
	cr_assert(!config_read("again", written, strlen(written), &again, NULL), "%s", path);
	written_again = config_write(again);
	cr_expect_str_eq(written_again, written, "%s: not the same when read again", path);
}

static void check_bad(const char *path)
{
	_cleanup_config_ struct config *config = NULL;
	_cleanup_free_ char *text = NULL;
	struct sl_errors errors = {0};

	cr_expect_lt(read_source(path, &config, &errors), 0, "%s: was accepted", path);
	cr_expect_null(config);
	text = sl_errors_text(&errors);
	sl_errors_deinit(&errors);
	expect_text(path, ".errors", text);
}

static void for_each(const char *pattern, size_t least, void (*check)(const char *path))
{
	glob_t found;

	cr_assert(!glob(pattern, 0, NULL, &found), "%s: not found; run at the top of the tree", pattern);
	cr_expect_geq(found.gl_pathc, least, "only %zu of %s", found.gl_pathc, pattern);
	for (size_t i = 0; i < found.gl_pathc; i++)
		check(found.gl_pathv[i]);
	globfree(&found);
}

Test(config_goldens, good_files_are_read_and_written)
{
	for_each("tests/config/good/*.yaml", 5, check_good);
}

Test(config_goldens, bad_files_are_refused_word_for_word)
{
	for_each("tests/config/bad/*.yaml", 50, check_bad);
}

Test(config_goldens, a_missing_file_says_so)
{
	_cleanup_config_ struct config *config = NULL;
	struct sl_errors errors = {0};

	cr_expect_lt(config_read_file("tests/config/no-such-file", &config, &errors), 0);
	cr_assert_eq(errors.count, 1);
	cr_expect_str_eq(errors.list[0].where, "tests/config/no-such-file");
	cr_expect_str_eq(errors.list[0].what, "can't be opened: No such file or directory");
	sl_errors_deinit(&errors);
}

Test(config_goldens, a_directory_says_so)
{
	_cleanup_config_ struct config *config = NULL;
	struct sl_errors errors = {0};

	cr_expect_lt(config_read_file("tests/config", &config, &errors), 0);
	cr_assert_eq(errors.count, 1);
	cr_expect_str_eq(errors.list[0].what, "can't be read: Is a directory");
	sl_errors_deinit(&errors);
}
