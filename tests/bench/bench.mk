# SPDX-License-Identifier: GPL-2.0-or-later
#
# The benchmark: the product's own objects, without sanitizers.

BENCH := $(patsubst tests/bench/%.c,$(B)/tests/bench/%.o,$(filter-out %.bpf.c,$(wildcard tests/bench/*.c))) \
	$(B)/tests/bench/veth.o
BENCH_SKELETONS := $(patsubst tests/bench/%.bpf.c,$(B)/tests/bench/%.skel.h,$(wildcard tests/bench/*.bpf.c))

tests: $(B)/bench

$(B)/bench: $(BENCH) $(addprefix $(B)/,dataplane.a balance.a config.a base.a)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) -o $@ $(call group,$^) $(LDFLAGS) -lxdp -lbpf

$(B)/tests/bench/%.bpf.o: tests/bench/%.bpf.c Makefile
	$(call say,BPF)
	$(Q)$(CLANG) $(BPFFLAGS) -c $< -o $@

$(B)/tests/bench/%.skel.h: $(B)/tests/bench/%.bpf.o
	$(call say,SKEL)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

$(B)/tests/bench/%.o: tests/bench/%.c Makefile | $(SKELETONS) $(BENCH_SKELETONS)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(DAEMON_I) -Itests -I$(B)/tests $(CFLAGS) $(HARDEN) -c $< -o $@

$(B)/tests/bench/veth.o: tests/veth.c Makefile | $(SKELETONS)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(DAEMON_I) -Itests $(CFLAGS) $(HARDEN) -c $< -o $@
