# SPDX-License-Identifier: GPL-2.0-or-later
#
# The store's tests share a directory and a disk that fails.

STORE_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/store*.c))
$(STORE_TESTS): $(B)/san/tests/stored.o $(B)/san/tests/faulty_vfs.o
$(B)/tests/override: $(B)/san/tests/stored.o $(B)/san/tests/faulty_vfs.o
