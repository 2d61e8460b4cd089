// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/sha256.h"

#include "base/memory.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The vectors of FIPS 180-4's examples. */
Test(sha256, vectors)
{
	char hex[SHA256_HEX_MAX];
	_cleanup_free_ char *many = sl_calloc(1, 1000000);

	sha256_hex("", 0, hex);
	cr_expect_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_hex("abc", 3, hex);
	cr_expect_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	memset(many, 'a', 1000000);
	sha256_hex(many, 1000000, hex);
	cr_expect_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Every way in which an end meets a block, as coreutils sees it. */
Test(sha256, every_length_agrees_with_sha256sum)
{
	for (size_t size = 0; size <= 130; size++) {
		char path[] = "/tmp/sluice-sha256-XXXXXX", hex[SHA256_HEX_MAX], theirs[65] = "";
		char bytes[130];
		_cleanup_free_ char *command = NULL;
		int fd = mkstemp(path);
		FILE *sum;

		for (size_t i = 0; i < size; i++)
			bytes[i] = (char)(i * 7 + size);
		cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
		close(fd);
		command = sl_printf("sha256sum %s", path);
		sum = popen(command, "r");
		cr_assert_eq(fscanf(sum, "%64s", theirs), 1);
		pclose(sum);
		unlink(path);
		sha256_hex(bytes, size, hex);
		cr_expect_str_eq(hex, theirs, "%zu bytes", size);
	}
}
