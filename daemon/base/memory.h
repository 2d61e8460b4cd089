/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.h - allocation and ownership.
 *
 * The sl_ allocators never return NULL: what the daemon allocates is bounded by its capacity and its
 * input limits, so running out means that the host is beyond help, and a half-applied change would be
 * worse than a restart, over which traffic goes on.
 *
 * `_cleanup_(fn)` runs fn(&variable) at the end of the scope; steal() takes a pointer out of such a
 * variable.
 */
#ifndef SLUICE_MEMORY_H
#define SLUICE_MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define _cleanup_(fn)  __attribute__((cleanup(fn)))
#define _cleanup_free_ _cleanup_(sl_freep)
#define _cleanup_fd_   _cleanup_(sl_closep)
#define _cleanup_file_ _cleanup_(sl_fclosep)

#define steal(pointer)                                                                             \
	({                                                                                         \
		__auto_type stolen_ = *(pointer);                                                  \
		*(pointer) = NULL;                                                                 \
		stolen_;                                                                           \
	})

/* The same for a descriptor. */
static inline int sl_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#define sl_count(array) (sizeof(array) / sizeof((array)[0]))

_Noreturn void sl_out_of_memory(void);

void *sl_calloc(size_t count, size_t size);
/* Like reallocarray(3); new memory is not cleared. */
void *sl_realloc_array(void *old, size_t count, size_t size);
char *sl_strdup(const char *text);
char *sl_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *sl_vprintf(const char *format, va_list args);

void sl_freep(void *pointer);	    /* of a pointer variable */
void sl_closep(const int *fd);	    /* nothing if negative */
void sl_fclosep(FILE *const *file); /* nothing if NULL */

#endif
