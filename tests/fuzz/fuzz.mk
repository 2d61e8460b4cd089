# SPDX-License-Identifier: GPL-2.0-or-later
#
# The client's importers are tested without the client's main program.

IMPORTERS := $(patsubst %.c,$(B)/san/%.o,$(wildcard ctl/import/*.c)) $(B)/san/ctl/fail.o
$(B)/fuzz/import: $(IMPORTERS)
$(B)/san/tests/fuzz/import.o: override CPPFLAGS += -Ictl
