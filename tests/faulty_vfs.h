/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * faulty_vfs.h - a disk that fails when it is told to, under SQLite.
 *
 * Registered as SQLite's default VFS, over the real one. Operations that count are those that change
 * a file: write, sync, truncate, delete. A write that fails has been done by half.
 */
#ifndef SLUICE_TESTS_FAULTY_VFS_H
#define SLUICE_TESTS_FAULTY_VFS_H

#include <stdbool.h>

void faulty_install(void);

/* The k-th operation from now (1: the next) fails with this result, and if `for_ever` all after it,
 * until faulty_heal(). */
void faulty_fail_at(unsigned k, int result, bool for_ever);
void faulty_heal(void);
/* Operations since faulty_fail_at() or faulty_heal(). */
unsigned faulty_operations(void);

/*
 * From faulty_watch() on, what was written and not synced is remembered. faulty_cut() makes all
 * operations fail; once the database is closed, faulty_power_on() takes back what no sync had made
 * durable, and the disk is well again.
 */
void faulty_watch(void);
void faulty_cut(void);
void faulty_power_on(void);

#endif
