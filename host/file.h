/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file.h - files of the system below a root directory: "" for the machine itself, another for a tree
 * that was made up.
 */
#ifndef SLUICE_HOST_FILE_H
#define SLUICE_HOST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* The path below the root, of at most 255 bytes with it. */
struct host_path {
	char text[256];
};
struct host_path host_path(const char *root, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Ends it with a NUL byte; at most 4 MiB. NULL, with errno, if it can't be read. Caller frees. */
char *host_read_file(const char *root, const char *path);

/* The first line's decimal number. Returns 0 or a negative errno. */
int host_read_number(const char *root, const char *path, long *ret_number);

/* /proc/sys/NAME, dots and all: slashes stand between, so that an interface may have dots. */
int host_sysctl(const char *root, const char *name, long *ret_number);

/*
 * The larger of net/ipv4/conf/all/NAME and .../INTERFACE/NAME, which is what the kernel goes by for
 * rp_filter, arp_ignore and arp_announce. Negative errno.
 */
int host_ipv4_conf(const char *root, const char *interface, const char *name, long *ret_number);

/* Mode and owner; negative errno. */
int host_stat(const char *root, const char *path, struct stat *ret_stat);

#endif
