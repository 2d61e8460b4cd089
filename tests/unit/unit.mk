# SPDX-License-Identifier: GPL-2.0-or-later
#
# What unit tests need besides the modules.

$(addprefix $(B)/tests/,program trial dataplane loader protocol): $(B)/san/tests/veth.o
$(addprefix $(B)/tests/,fake engine engine_news engine_faults override): $(B)/san/tests/fake_dataplane.o

# The client's own files besides its main(), over a made-up host.
CLIENT_PARTS := $(filter-out %/main.o,$(CLIENT:%.c=$(B)/san/%.o))
$(B)/san/tests/unit/doctor.o: override CPPFLAGS += -Ictl
$(B)/tests/doctor: $(CLIENT_PARTS) $(B)/san/tests/tree.o
$(B)/tests/doctor: LIBS += -lsmartcols
$(B)/tests/agent_doctor $(B)/tests/host: $(B)/san/tests/tree.o
