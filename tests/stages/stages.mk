# SPDX-License-Identifier: GPL-2.0-or-later
#
# The packet path's own tests: one table of cases, run as plain C and in the kernel.

CASES := $(patsubst %,$(B)/san/tests/stages/%.o,cases cases_parse cases_steer cases_table \
	cases_forward cases_reply cases_shadow setup world frame check)

$(B)/tests/packet_native: $(CASES) $(B)/san/tests/stages/world_native.o
$(B)/tests/packet_kernel: $(CASES) $(B)/san/tests/stages/world_kernel.o

NATIVE := $(patsubst %,$(B)/san/tests/stages/%.o,frame check)

$(addprefix $(B)/tests/,slot_history flow_race packet_host): $(NATIVE)
$(B)/fuzz/packet: $(NATIVE)

# What the oracle (tests/oracle) runs its frames through.
ORACLE := $(patsubst %,$(B)/san/tests/%.o,oracle/runner stages/setup stages/world stages/world_kernel \
	stages/frame stages/check)

tests: $(B)/tests/oracle_runner
$(B)/tests/oracle_runner: $(ORACLE)
	$(call say,LD)
	$(Q)$(CLANG) $(SANITIZE) -o $@ $^ -lbpf

$(B)/tests/packet_load: $(patsubst %,$(B)/san/tests/%.o,veth stages/setup stages/world stages/world_kernel \
	stages/frame stages/check)

$(B)/tests/packet_features: $(patsubst %,$(B)/san/tests/stages/%.o,world world_kernel frame check)
