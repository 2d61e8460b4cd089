/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dataplane/pins.h"

#include "base/memory.h"
#include "dataplane/link.h"
#include "dataplane/program.h"
#include "dataplane/shared.h"

#include <bpf/bpf.h>
#include <linux/magic.h>
#include <net/if.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINK_PREFIX   "link-"
#define SHARED_PREFIX "shared-"
#define TRIAL_PREFIX  "trial-"

static void swap_characters(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

static char *path_of(const char *directory, const char *prefix, const char *interface)
{
	char *path = sl_printf("%s/%s%s", directory, prefix, interface);

	swap_characters(path + strlen(directory), '.', ':');
	return path;
}

int pins_lock(const char *pin_dir, struct sl_errors *errors)
{
	_cleanup_fd_ int fd = open(pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return sl_fail(errors, errno, pin_dir, "%s", strerror(errno));
	for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB); waited_ms += 50) {
		if (errno != EWOULDBLOCK)
			return sl_fail(errors, errno, pin_dir, "can't be locked: %s",
				       strerror(errno));
		if (waited_ms >= PINS_PATIENCE_MS)
			return sl_fail(errors, EBUSY, pin_dir,
				       "another sluiced works on these maps; stop it, or give this "
				       "one a directory of its own by -p");
		usleep(50000);
	}
	return sl_steal_fd(&fd);
}

char *pins_link_path(const char *directory, const char *interface)
{
	return path_of(directory, LINK_PREFIX, interface);
}

char *pins_shared_path(const char *directory, const char *interface)
{
	return path_of(directory, SHARED_PREFIX, interface);
}

char *pins_trial_path(const char *directory, const char *interface)
{
	return path_of(directory, TRIAL_PREFIX, interface);
}

static int make(const char *path, struct sl_errors *errors)
{
	struct statfs file_system;

	if ((mkdir(path, 0700) && errno != EEXIST) || statfs(path, &file_system))
		return sl_fail(errors, errno, path, "can't be made: %s", strerror(errno));
	if (file_system.f_type != BPF_FS_MAGIC)
		return sl_fail(errors, ENOTSUP, path,
			       "not in a bpf file system: `mount -t bpf bpf /sys/fs/bpf`");
	return 0;
}

int pins_make_directory(const char *pin_dir, char **ret_directory, struct sl_errors *errors)
{
	_cleanup_free_ char *directory = sl_printf("%s/v%u", pin_dir, SLUICE_ABI);
	int err = make(pin_dir, errors);

	if (!err)
		err = make(directory, errors);
	if (!err)
		*ret_directory = steal(&directory);
	return err;
}

/* ---- removal --------------------------------------------------------------------------------- */

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int remove_shared(const char *path, const char *name, unsigned *links)
{
	_cleanup_free_ char *interface = sl_strdup(name + strlen(SHARED_PREFIX));
	int count;

	swap_characters(interface, ':', '.');
	count = shared_detach(if_nametoindex(interface));
	if (count < 0)
		return count;
	*links += count;
	return unlink(path) ? -errno : 0;
}

static int remove_entry(const char *path, const char *name, unsigned *links)
{
	int err;

	if (!strncmp(name, SHARED_PREFIX, strlen(SHARED_PREFIX)))
		return remove_shared(path, name, links);
	if (!strncmp(name, TRIAL_PREFIX, strlen(TRIAL_PREFIX)))
		return rmdir(path) ? -errno : 0;
	if (strncmp(name, LINK_PREFIX, strlen(LINK_PREFIX)))
		return unlink(path) ? -errno : 0;
	err = link_remove(path);
	*links += !err;
	return err;
}

/* Goes on after a failure: what can be taken away shall be. */
static int remove_version(const char *path, unsigned *links, struct sl_errors *errors)
{
	_cleanup_(close_directory) DIR *directory = opendir(path);
	struct dirent *entry;
	int err = 0;

	while (directory && (entry = readdir(directory))) {
		_cleanup_free_ char *inner = sl_printf("%s/%s", path, entry->d_name);
		int failed;

		if (entry->d_name[0] == '.')
			continue;
		failed = remove_entry(inner, entry->d_name, links);
		if (failed)
			err = sl_fail(errors, -failed, inner, "can't be removed: %s",
				      strerror(-failed));
	}
	if (!err && rmdir(path))
		err = sl_fail(errors, errno, path, "can't be removed: %s", strerror(errno));
	return err;
}

bool pins_are_none(const char *directory)
{
	_cleanup_(close_directory) DIR *pins = opendir(directory);
	struct dirent *entry;

	while (pins && (entry = readdir(pins)))
		if (entry->d_name[0] != '.')
			return false;
	return pins;
}

int pins_remove(const char *directory, unsigned *ret_links, struct sl_errors *errors)
{
	unsigned links = 0;
	int err = remove_version(directory, &links, errors);

	*ret_links = links;
	return err;
}

static bool is_version(const char *name)
{
	return name[0] == 'v' && name[1] && !name[1 + strspn(name + 1, "0123456789")];
}

int program_remove_all(const char *pin_dir, unsigned *ret_links, struct sl_errors *errors)
{
	_cleanup_(close_directory) DIR *directory = opendir(pin_dir);
	struct dirent *entry;
	unsigned links = 0;
	int err = 0;

	if (!directory && errno != ENOENT)
		return sl_fail(errors, errno, pin_dir, "%s", strerror(errno));
	while (directory && (entry = readdir(directory))) {
		_cleanup_free_ char *path = sl_printf("%s/%s", pin_dir, entry->d_name);
		int failed = is_version(entry->d_name) ? remove_version(path, &links, errors) : 0;

		err = err ? err : failed;
	}
	if (directory && !err && rmdir(pin_dir) && errno != ENOTEMPTY)
		err = sl_fail(errors, errno, pin_dir, "can't be removed: %s", strerror(errno));
	if (!err)
		*ret_links = links;
	return err;
}

/* ---- other versions -------------------------------------------------------------------------- */

static bool is_held(const char *path)
{
	_cleanup_fd_ int link = bpf_obj_get(path);

	return link >= 0 && link_is_attached(link);
}

char *pins_foreign_link(const char *directory, const char *interface)
{
	_cleanup_free_ char *pin_dir = sl_strdup(directory);
	_cleanup_(close_directory) DIR *versions = NULL;
	char *ours = strrchr(pin_dir, '/');
	struct dirent *entry;

	*ours++ = '\0';
	versions = opendir(pin_dir);
	while (versions && (entry = readdir(versions))) {
		_cleanup_free_ char *version = sl_printf("%s/%s", pin_dir, entry->d_name);
		_cleanup_free_ char *path = pins_link_path(version, interface);

		if (is_version(entry->d_name) && strcmp(entry->d_name, ours) && is_held(path))
			return steal(&path);
	}
	return NULL;
}
