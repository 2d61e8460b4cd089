/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets in a configuration: a reference goes in and comes out, a secret itself is refused without
 * being repeated, and values are found where the reference says. The schema is the test's own.
 */
#include "base/memory.h"
#include "base/reference.h"
#include "config/object.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct owner {
	char *key;
};

static const struct field fields[] = {
	{.key = "key",
	 .type = &type_secret,
	 .offset = offsetof(struct owner, key),
	 .size = sizeof(char *),
	 .max = 4095,
	 .noun = "a key",
	 .otherwise = "none",
	 .help = "the key"},
};
static const struct schema schema = {.size = sizeof(struct owner), .fields = fields, .n_fields = 1};

/* What is read, and the errors in one text; caller frees both. */
static char *read_text(const char *text, char **ret_errors)
{
	static struct reader reader;
	struct sl_errors errors = {0};
	struct owner owner = {0};
	struct node root;
	struct object object = {
		.reader = &reader, .at = {1, 1}, .node = &root, .schema = &schema, .data = &owner};

	memset(&reader, 0, sizeof(reader));
	cr_assert(node_parse(text, strlen(text), &root, &reader.complaints));
	object_read(&object);
	node_deinit(&root);
	complaints_deliver(&reader.complaints, "t", &errors);
	*ret_errors = sl_errors_text(&errors);
	sl_errors_deinit(&errors);
	return owner.key;
}

Test(config_secret, references_are_kept_as_they_are)
{
	static const char *const good[] = {"${env:KEY}", "${env:_a1}", "file:/run/a key"};

	for (size_t i = 0; i < sl_count(good); i++) {
		_cleanup_free_ char *line = sl_printf("key: \"%s\"", good[i]), *errors = NULL;
		_cleanup_free_ char *key = read_text(line, &errors), *shown = NULL;
		struct owner owner = {.key = key};

		cr_assert_str_eq(errors, "");
		cr_expect_str_eq(key, good[i]);
		shown = type_secret.format(&fields[0], NULL, &owner);
		cr_expect_str_eq(shown, good[i], "what is shown is the reference");
	}
}

Test(config_secret, a_secret_itself_is_refused_and_not_repeated)
{
	static const char *const bad[] = {
		"hunter2",  "${env:}", "${env:2A}",   "${env:A",      "${env:A}b", "file:hunter2",
		"${ENV:A}", "$env:A",  "file:/a\\nb", "${file:/key}", "",
	};

	for (size_t i = 0; i < sl_count(bad); i++) {
		_cleanup_free_ char *line = sl_printf("key: \"%s\"", bad[i]), *errors = NULL;
		_cleanup_free_ char *key = read_text(line, &errors);

		cr_expect_null(key, "%s", bad[i]);
		cr_expect(strstr(errors, "t:1:6: key: what stands here is not a key by where it "
					 "stands (${env:NAME} or file:/PATH"),
			  "%s", errors);
		cr_expect_null(strstr(errors, "hunter2"));
	}
}

/* ---- values ------------------------------------------------------------------------------------------ */

static void expect_value(const char *reference, const char *wanted)
{
	struct sl_errors errors = {0};
	char *value = NULL;

	cr_assert_eq(reference_resolve(reference, &value, &errors), 0);
	cr_expect_str_eq(value, wanted);
	reference_wipe(&value);
	cr_expect_null(value);
}

static void expect_error(const char *reference, const char *wanted)
{
	struct sl_errors errors = {0};
	_cleanup_free_ char *text = NULL;
	char *value = NULL;

	cr_expect_lt(reference_resolve(reference, &value, &errors), 0, "%s", reference);
	cr_expect_null(value);
	text = sl_errors_text(&errors);
	cr_expect(strstr(text, wanted), "%s: %s", reference, text);
	sl_errors_deinit(&errors);
}

Test(reference, the_environment)
{
	setenv("SLUICE_TEST", "a value", 1);
	expect_value("${env:SLUICE_TEST}", "a value");
	setenv("SLUICE_TEST", "", 1);
	expect_error("${env:SLUICE_TEST}", "is empty");
	unsetenv("SLUICE_TEST");
	expect_error("${env:SLUICE_TEST}", "there is no variable SLUICE_TEST");
}

static void write_secret(const char *path, mode_t mode, const void *bytes, size_t size)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && !fchmod(fd, mode));
	close(fd);
}

Test(reference, files)
{
	char dir[] = "/tmp/sluice-secret-XXXXXX";
	_cleanup_free_ char *path = NULL, *reference = NULL, *fifo = NULL, *large = NULL;

	cr_assert(mkdtemp(dir));
	path = sl_printf("%s/key", dir);
	reference = sl_printf("file:%s", path);
	expect_error(reference, "can't be opened: No such file");
	write_secret(path, 0600, "two\nlines\n", 10);
	expect_value(reference, "two\nlines");
	write_secret(path, 0640, "x", 1);
	expect_value(reference, "x");
	write_secret(path, 0604, "x", 1);
	expect_error(reference, "mode 604 lets others read or write the secret");
	write_secret(path, 0600, "\n", 1);
	expect_error(reference, "is empty");
	write_secret(path, 0600, "a\0b", 3);
	expect_error(reference, "NUL");
	large = sl_calloc(1, REFERENCE_VALUE_MAX + 1);
	memset(large, 'x', REFERENCE_VALUE_MAX + 1);
	write_secret(path, 0600, large, REFERENCE_VALUE_MAX + 1);
	expect_error(reference, "is larger than 65536 bytes");
	unlink(path);
	fifo = sl_strdup(path);
	cr_assert(!mkfifo(fifo, 0600));
	expect_error(reference, "is no ordinary file");
	unlink(fifo);
	rmdir(dir);
	expect_error("hunter2", "secret: is neither");
}
