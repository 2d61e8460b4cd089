# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            build everything into build/
# make demo       a whole site in network namespaces, shown working
# make test       every test          make lint    what the code must look like
# make bench      nanoseconds a packet, beside a reference
#
# One directory under daemon/ is one module and becomes one archive. A module is compiled twice: for
# the product, and under build/san with AddressSanitizer and UBSan for the tests.

CLANG    ?= clang
BPFTOOL  ?= bpftool
B        := build
TRIPLET  := $(shell $(CC) -dumpmachine)
VERSION  := $(shell cat VERSION)

WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
HARDEN   := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE
CPPFLAGS := -D_GNU_SOURCE -Iinclude -Idaemon -I$(B) -DSLUICE_VERSION='"$(VERSION)"'
CFLAGS   ?= -O2 -g
CFLAGS   += -std=gnu17 $(WARN) $(WERROR) -MMD -MP
SANFLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS  += -pie -Wl,-z,relro,-z,now
BPFFLAGS := -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter $(WERROR) -Iinclude -Ibpf \
	-I/usr/include/$(TRIPLET)

MODULES  := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard daemon/*/*.c)))))
ARCHIVES := $(MODULES:%=$(B)/%.a)
SANITIZED := $(MODULES:%=$(B)/san/%.a)
SKELETONS := $(patsubst bpf/%.bpf.c,$(B)/%.skel.h,$(wildcard bpf/*.bpf.c))
LIBS     := -levent_core -lmicrohttpd -lcurl -lyaml -ljansson -lnl-route-3 -lnl-3 -lxdp -lbpf -lcap-ng -lpthread
UNIT     := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/*.c))
PROGRAMS := $(B)/sluiced $(B)/sluicectl $(B)/sluice-agent

CPPFLAGS += -I/usr/include/libnl3
LINK_SAN = $(CC) $(SANFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(SANITIZED) -Wl,--end-group $(LIBS)

all: $(PROGRAMS) $(B)/compile_commands.stamp

$(B)/compile_commands.stamp:
	@mkdir -p $(B) && touch $@

# ---- packet path ----------------------------------------------------------------------------------

$(B)/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h bpf/stages/*.h include/sluice/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(BPFFLAGS) -c $< -o $@

$(B)/%.skel.h: $(B)/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf > $@.new && mv $@.new $@

# ---- daemon ---------------------------------------------------------------------------------------

$(B)/daemon/%.o: daemon/%.c | $(SKELETONS)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(HARDEN) -c $< -o $@

$(B)/san/daemon/%.o: daemon/%.c | $(SKELETONS)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(SANFLAGS) -c $< -o $@

define module
$(B)/$(1).a: $(patsubst %.c,$(B)/%.o,$(wildcard daemon/$(1)/*.c))
$(B)/san/$(1).a: $(patsubst %.c,$(B)/san/%.o,$(wildcard daemon/$(1)/*.c))
endef
$(foreach m,$(MODULES),$(eval $(call module,$(m))))

%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/sluiced: $(B)/daemon/main.o $(ARCHIVES)
	$(CC) $(CFLAGS) -o $@ $< -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LDFLAGS) $(LIBS)

$(B)/sluice-agent: $(B)/daemon/agent_main.o $(B)/agent.a $(B)/base.a
	$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS) -lbpf -ljansson

# ---- client ---------------------------------------------------------------------------------------

$(B)/ctl/%.o: ctl/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Ictl $(CFLAGS) $(HARDEN) -c $< -o $@

$(B)/sluicectl: $(patsubst %.c,$(B)/%.o,$(wildcard ctl/*.c))
	$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS) -lcurl -ljansson -lsmartcols

# ---- tests ----------------------------------------------------------------------------------------

$(B)/san/tests/%.o: tests/%.c | $(SKELETONS)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Ibpf -Itests $(CFLAGS) $(SANFLAGS) -c $< -o $@

$(B)/tests/%: $(B)/san/tests/unit/%.o $(SANITIZED)
	@mkdir -p $(@D)
	$(LINK_SAN) -lcriterion

$(addprefix $(B)/tests/,program dataplane loader protocol): $(B)/san/tests/veth.o
$(B)/tests/fake: $(B)/san/tests/fake_dataplane.o

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: all
.DELETE_ON_ERROR:
.SECONDARY:
