/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * error.h - what an operator is told when something can't be done.
 *
 * Functions return 0, a negative errno that is forwarded and never matched on, or a positive value of
 * their own module's enum. Beside a negative errno, the ones that take a `struct sl_errors *` add at
 * least one error that says where and what, and what would be right; it reaches the operator word
 * for word. `errors` may be NULL where a caller only wants the code.
 */
#ifndef SLUICE_ERROR_H
#define SLUICE_ERROR_H

#include <stdarg.h>
#include <stddef.h>

struct sl_error {
	char *where; /* owned: "sluice.yaml:14:11", or the object: "interface eth0"; never NULL */
	char *what;  /* owned: "pools.web.backends[2].port: 0 is not a port (1 to 65535)" */
};

/* All errors of one undertaking. Zeroed is empty. At most SL_ERRORS_MAX are kept, the rest counted. */
#define SL_ERRORS_MAX 100

struct sl_errors {
	struct sl_error *list; /* owned */
	size_t count;
	size_t dropped;
};

void sl_errors_deinit(struct sl_errors *errors);

/* Adds an error and returns -code, so that a failing function can end in `return sl_fail(...)`. */
int sl_fail(struct sl_errors *errors, int code, const char *where, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* "where: what" of all, one a line, with a last line for those dropped. Caller frees. */
char *sl_errors_text(const struct sl_errors *errors);

#endif
