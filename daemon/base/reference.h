/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reference.h - a secret by where it stands: "${env:NAME}" or "file:/PATH".
 *
 * A configuration holds the reference and nothing else, so that it may be shown, compared and kept;
 * the value is looked up where it is used, each time anew, and wiped afterwards.
 */
#ifndef SLUICE_REFERENCE_H
#define SLUICE_REFERENCE_H

#include "base/error.h"

#include <stdbool.h>

#define REFERENCE_VALUE_MAX 65536 /* bytes */

/* Is it one? Says nothing of whether anything is there. */
bool reference_is_good(const char *text);

/*
 * The value, without a final line feed; the caller ends it by reference_wipe(). -errno with an error,
 * in which no part of a value stands: it isn't there, is empty, larger than REFERENCE_VALUE_MAX, has a
 * NUL character, or is a file that others may read or write.
 */
int reference_resolve(const char *text, char **ret_value, struct sl_errors *errors);
void reference_wipe(char **value);

#endif
