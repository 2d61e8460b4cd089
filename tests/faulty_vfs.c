// SPDX-License-Identifier: GPL-2.0-or-later
#include "faulty_vfs.h"

#include "base/memory.h"

#include <sqlite3.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a change replaced. */
struct undo {
	char *path; /* owned */
	int64_t offset;
	int64_t size; /* of the file, before */
	int length;   /* of `old` */
	char *old;    /* owned */
};

struct faulty_file {
	sqlite3_file base;
	char path[4096];    /* empty: a temporary one */
	sqlite3_file *real; /* owned */
};

static struct {
	sqlite3_vfs *real;
	unsigned count, fail_at;
	int result;
	bool for_ever;
	bool watching;
	struct undo *undo;
	size_t n_undo;
} disk;

static int fails(void)
{
	unsigned at = ++disk.count;
	bool now = disk.fail_at && (at == disk.fail_at || (disk.for_ever && at > disk.fail_at));

	return now ? disk.result : SQLITE_OK;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct faulty_file *)file)->real;
}

#define CALL(file, method, ...) (real_of(file)->pMethods->method(real_of(file), ##__VA_ARGS__))

/* ---- remembering ---------------------------------------------------------------------------------- */

static void remember(sqlite3_file *file, int64_t offset, int64_t length)
{
	struct faulty_file *faulty = (struct faulty_file *)file;
	struct undo undo = {.offset = offset};
	sqlite3_int64 size = 0;

	if (!disk.watching || !faulty->path[0])
		return;
	CALL(file, xFileSize, &size);
	undo.size = size;
	undo.path = sl_strdup(faulty->path);
	if (offset < size) {
		undo.length = size - offset < length ? size - offset : length;
		undo.old = sl_calloc(1, undo.length);
		CALL(file, xRead, undo.old, undo.length, offset);
	}
	disk.undo = sl_realloc_array(disk.undo, disk.n_undo + 1, sizeof(*disk.undo));
	disk.undo[disk.n_undo++] = undo;
}

static void forget(const char *path)
{
	size_t kept = 0;

	for (size_t i = 0; i < disk.n_undo; i++) {
		if (path && strcmp(disk.undo[i].path, path) != 0) {
			disk.undo[kept++] = disk.undo[i];
			continue;
		}
		free(disk.undo[i].path);
		free(disk.undo[i].old);
	}
	disk.n_undo = kept;
}

static void take_back(const struct undo *undo)
{
	int fd = open(undo->path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	if (undo->length)
		(void)!pwrite(fd, undo->old, undo->length, undo->offset);
	(void)!ftruncate(fd, undo->size);
	close(fd);
}

void faulty_watch(void)
{
	forget(NULL);
	disk.watching = true;
}

void faulty_cut(void)
{
	faulty_fail_at(1, SQLITE_IOERR, true);
	disk.watching = false;
}

void faulty_power_on(void)
{
	for (size_t i = disk.n_undo; i-- > 0;)
		take_back(&disk.undo[i]);
	forget(NULL);
	free(disk.undo);
	disk.undo = NULL;
	faulty_heal();
}

/* ---- files ---------------------------------------------------------------------------------------- */

static int on_close(sqlite3_file *file)
{
	int result = CALL(file, xClose);

	free(real_of(file));
	return result;
}

static int on_read(sqlite3_file *file, void *to, int length, sqlite3_int64 offset)
{
	return CALL(file, xRead, to, length, offset);
}

static int on_write(sqlite3_file *file, const void *from, int length, sqlite3_int64 offset)
{
	int result = fails();

	if (disk.for_ever && result && disk.count > disk.fail_at)
		return result;
	remember(file, offset, length);
	if (result) {
		CALL(file, xWrite, from, length / 2, offset);
		return result;
	}
	return CALL(file, xWrite, from, length, offset);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int result = fails();

	if (result)
		return result;
	remember(file, size, 1 << 30);
	return CALL(file, xTruncate, size);
}

static int on_sync(sqlite3_file *file, int flags)
{
	int result = fails();

	if (result)
		return result;
	result = CALL(file, xSync, flags);
	forget(((struct faulty_file *)file)->path);
	return result;
}

static int on_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	return CALL(file, xFileSize, ret_size);
}

static int on_lock(sqlite3_file *file, int level)
{
	return CALL(file, xLock, level);
}

static int on_unlock(sqlite3_file *file, int level)
{
	return CALL(file, xUnlock, level);
}

static int on_check_lock(sqlite3_file *file, int *ret_locked)
{
	return CALL(file, xCheckReservedLock, ret_locked);
}

static int on_control(sqlite3_file *file, int operation, void *argument)
{
	return CALL(file, xFileControl, operation, argument);
}

static int on_sector(sqlite3_file *file)
{
	return CALL(file, xSectorSize);
}

static int on_characteristics(sqlite3_file *file)
{
	return CALL(file, xDeviceCharacteristics);
}

static int on_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_map)
{
	return CALL(file, xShmMap, page, size, extend, ret_map);
}

static int on_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return CALL(file, xShmLock, offset, n, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
	CALL(file, xShmBarrier);
}

static int on_shm_unmap(sqlite3_file *file, int remove)
{
	return CALL(file, xShmUnmap, remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_check_lock,
	.xFileControl = on_control,
	.xSectorSize = on_sector,
	.xDeviceCharacteristics = on_characteristics,
	.xShmMap = on_shm_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_shm_barrier,
	.xShmUnmap = on_shm_unmap,
};

/* ---- the VFS -------------------------------------------------------------------------------------- */

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
		   int *ret_flags)
{
	struct faulty_file *faulty = (struct faulty_file *)file;
	int result;

	memset(faulty, 0, sizeof(*faulty));
	faulty->real = sl_calloc(1, disk.real->szOsFile);
	result = disk.real->xOpen(disk.real, path, faulty->real, flags, ret_flags);
	if (result == SQLITE_OK) {
		if (path)
			strcpy(faulty->path, path);
		file->pMethods = &methods;
	} else {
		free(faulty->real);
	}
	return result;
}

/* A journal's name goes at once; its last words with it. */
static int on_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	int result = fails();

	if (result)
		return result;
	forget(path);
	return disk.real->xDelete(disk.real, path, sync);
}

void faulty_install(void)
{
	static sqlite3_vfs faulty;

	if (disk.real)
		return;
	disk.real = sqlite3_vfs_find(NULL);
	faulty = *disk.real;
	faulty.zName = "faulty";
	faulty.szOsFile = sizeof(struct faulty_file);
	faulty.pNext = NULL;
	faulty.xOpen = on_open;
	faulty.xDelete = on_delete;
	sqlite3_vfs_register(&faulty, 1);
}

void faulty_fail_at(unsigned k, int result, bool for_ever)
{
	disk.count = 0;
	disk.fail_at = k;
	disk.result = result;
	disk.for_ever = for_ever;
}

void faulty_heal(void)
{
	faulty_fail_at(0, 0, false);
}

unsigned faulty_operations(void)
{
	return disk.count;
}
