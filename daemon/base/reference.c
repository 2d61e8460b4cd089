/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/reference.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENV_BEGIN  "${env:"
#define FILE_BEGIN "file:"
#define NAME_FIRST "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define NAME_REST  NAME_FIRST "0123456789"

/* The variable's name and its length; 0: it is no such reference. */
static size_t name_of(const char *text, const char **ret_name)
{
	size_t size;

	if (strncmp(text, ENV_BEGIN, strlen(ENV_BEGIN)) != 0)
		return 0;
	text += strlen(ENV_BEGIN);
	size = strspn(text, NAME_REST);
	*ret_name = text;
	return size && strchr(NAME_FIRST, text[0]) && !strcmp(text + size, "}") ? size : 0;
}

/* NULL: it is no such reference. */
static const char *path_of(const char *text)
{
	const char *path = text + strlen(FILE_BEGIN);

	if (strncmp(text, FILE_BEGIN, strlen(FILE_BEGIN)) != 0 || path[0] != '/')
		return NULL;
	for (const char *at = path; *at; at++)
		if (*at < ' ' || *at > '~')
			return NULL;
	return path;
}

bool reference_is_good(const char *text)
{
	const char *name;

	return name_of(text, &name) || path_of(text);
}

static int take(const char *where, const char *bytes, size_t size, char **ret_value,
		struct sl_errors *errors)
{
	size -= size && bytes[size - 1] == '\n';
	if (!size)
		return sl_fail(errors, EINVAL, where, "is empty; a secret is needed");
	if (size > REFERENCE_VALUE_MAX)
		return sl_fail(errors, EFBIG, where, "is larger than %d bytes",
			       REFERENCE_VALUE_MAX);
	if (memchr(bytes, '\0', size))
		return sl_fail(errors, EINVAL, where, "has a NUL character; a text is needed");
	*ret_value = sl_calloc(1, size + 1);
	memcpy(*ret_value, bytes, size);
	return 0;
}

static int from_environment(const char *text, const char *name, size_t size, char **ret_value,
			    struct sl_errors *errors)
{
	_cleanup_free_ char *copy = sl_printf("%.*s", (int)size, name);
	const char *value = getenv(copy);

	if (!value)
		return sl_fail(errors, ENOENT, text, "there is no variable %s in the environment",
			       copy);
	return take(text, value, strlen(value), ret_value, errors);
}

static ssize_t read_whole(int fd, char *bytes, size_t room)
{
	size_t size = 0;
	ssize_t got;

	while (size < room && (got = read(fd, bytes + size, room - size)) != 0) {
		if (got < 0 && errno != EINTR)
			return -errno;
		size += got > 0 ? got : 0;
	}
	return size;
}

static int from_file(const char *text, const char *path, char **ret_value, struct sl_errors *errors)
{
	/* What names a pipe must not keep anybody waiting. */
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t room = REFERENCE_VALUE_MAX + 2;
	struct stat about;
	char *bytes;
	ssize_t size;
	int err;

	if (fd < 0 || fstat(fd, &about))
		return sl_fail(errors, errno, text, "can't be opened: %s", strerror(errno));
	if (!S_ISREG(about.st_mode))
		return sl_fail(errors, EINVAL, text, "is no ordinary file");
	if (about.st_mode & (S_IROTH | S_IWOTH))
		return sl_fail(errors, EPERM, text,
			       "mode %o lets others read or write the secret; make it 0600",
			       about.st_mode & 0777);
	bytes = sl_calloc(1, room);
	size = read_whole(fd, bytes, room);
	err = size < 0 ? sl_fail(errors, -size, text, "can't be read: %s", strerror(-size))
		       : take(text, bytes, size, ret_value, errors);
	explicit_bzero(bytes, room);
	free(bytes);
	return err;
}

int reference_resolve(const char *text, char **ret_value, struct sl_errors *errors)
{
	const char *path = path_of(text), *name;
	size_t size = name_of(text, &name);

	if (size)
		return from_environment(text, name, size, ret_value, errors);
	if (path)
		return from_file(text, path, ret_value, errors);
	return sl_fail(errors, EINVAL, "secret", "is neither ${env:NAME} nor file:/PATH");
}

void reference_wipe(char **value)
{
	if (*value)
		explicit_bzero(*value, strlen(*value));
	free(steal(value));
}
