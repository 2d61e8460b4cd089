/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sha256.h - SHA-256 (FIPS 180-4) of a whole text: names it, and tells whether two are equal. Nothing
 * secret is hashed, so no attention is paid to timing.
 */
#ifndef SLUICE_SHA256_H
#define SLUICE_SHA256_H

#include <stddef.h>

#define SHA256_HEX_MAX 65 /* with the final NUL */

void sha256_hex(const void *bytes, size_t size, char ret_hex[SHA256_HEX_MAX]);

#endif
