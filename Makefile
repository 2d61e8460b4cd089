# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            build everything into build/          make V=1      show the commands
# make demo       a whole site in network namespaces, shown working
# make test       every test                            make lint     what the code must look like
# make fuzz       search on, FUZZ_TIME seconds a fuzzer make bench    nanoseconds a packet
# make install    into $(DESTDIR)$(PREFIX)              make format   clang-format over the tree
# make man        the manual pages, from the programs' own tables
#
# demo and test install what is missing first (Debian packages, as root). WERROR= makes warnings
# mere warnings, for compilers newer than gcc 12 and clang 14.
#
# A directory under daemon/ is a module and becomes an archive. It is compiled twice: by $(CC) for
# the product, and by clang under build/san with AddressSanitizer, UBSan and the fuzzers' coverage,
# for the tests, which see all modules. A test that needs more, or a fake in the place of a module,
# says so in a fragment tests/*/*.mk:
#
#	$(B)/tests/engine: $(B)/san/tests/fake_dataplane.o
#	$(B)/tests/engine: WITHOUT := dataplane

CLANG   ?= clang
BPFTOOL ?= $(or $(shell command -v bpftool),/usr/sbin/bpftool)
PREFIX  ?= /usr/local
WERROR  ?= -Werror
FUZZ_TIME ?= 60
B       := build
VERSION := $(shell cat VERSION)
# Not before it is needed: make demo installs the compiler.
TRIPLET  = $(shell $(CC) -dumpmachine)
# A job a processor, unless -j says otherwise.
JOBS     = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wno-unused-parameter
HARDEN   := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
CFLAGS   ?= -O2 -g
override CPPFLAGS += -D_GNU_SOURCE -I. -Iinclude -I$(B) -DSLUICE_VERSION='"$(VERSION)"' -MMD -MP
override CFLAGS   += -std=gnu17 $(WARN) $(WERROR)
override LDFLAGS  += -pie -Wl,-z,relro,-z,now
SANFLAGS := $(SANITIZE) -fsanitize=fuzzer-no-link -O1 -fno-omit-frame-pointer
BPFFLAGS  = -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter $(WERROR) \
	-Iinclude -Ibpf -I/usr/include/$(TRIPLET) -MMD -MP
DAEMON_I := -Idaemon -I/usr/include/libnl3
LIBS     := -lsqlite3 -levent_core -lmicrohttpd -lgnutls -lcurl -lyaml -ljansson -lnl-3 -lxdp -lbpf \
	-lcap-ng -lpthread

MODULES   := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard daemon/*/*.c)))))
ARCHIVES  := $(MODULES:%=$(B)/%.a)
SANITIZED := $(MODULES:%=$(B)/san/%.a) $(B)/san/host.a
OBJECTS   := $(patsubst bpf/%.c,$(B)/%.o,$(wildcard bpf/*.bpf.c))
SKELETONS := $(OBJECTS:%.bpf.o=%.skel.h)
CLIENT    := $(wildcard ctl/*.c ctl/*/*.c)
PROGRAMS  := $(B)/sluiced $(B)/sluicectl $(B)/sluice-agent
UNIT      := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/*.c))
FUZZERS   := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/*.c))

Q    := $(if $(V),,@)
say   = @$(if $(V),:,printf '  %-6s %s\n' $(1) $@); mkdir -p $(@D)
group = -Wl,--start-group $(1) -Wl,--end-group

all: $(PROGRAMS) $(OBJECTS)

# ---- packet path ----------------------------------------------------------------------------------

$(B)/%.bpf.o: bpf/%.bpf.c Makefile
	$(call say,BPF)
	$(Q)$(CLANG) $(BPFFLAGS) -c $< -o $@

$(B)/%.skel.h: $(B)/%.bpf.o
	$(call say,SKEL)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# ---- what all programs know of their host -----------------------------------------------------------

$(B)/host.a: $(patsubst %.c,$(B)/%.o,$(wildcard host/*.c)) host
$(B)/san/host.a: $(patsubst %.c,$(B)/san/%.o,$(wildcard host/*.c)) host

$(B)/host/%.o: host/%.c Makefile VERSION
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(HARDEN) -c $< -o $@

$(B)/san/host/%.o: host/%.c Makefile VERSION
	$(call say,CC)
	$(Q)$(CLANG) $(CPPFLAGS) $(CFLAGS) $(SANFLAGS) -c $< -o $@

# ---- daemon ---------------------------------------------------------------------------------------

$(B)/daemon/%.o: daemon/%.c Makefile VERSION | $(SKELETONS)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(DAEMON_I) $(CFLAGS) $(HARDEN) -c $< -o $@

$(B)/san/daemon/%.o: daemon/%.c Makefile VERSION | $(SKELETONS)
	$(call say,CC)
	$(Q)$(CLANG) $(CPPFLAGS) $(DAEMON_I) $(CFLAGS) $(SANFLAGS) -c $< -o $@

# The directory is a prerequisite because its time tells that a source file went away.
define module
$(B)/$(1).a: $(patsubst %.c,$(B)/%.o,$(wildcard daemon/$(1)/*.c)) daemon/$(1)
$(B)/san/$(1).a: $(patsubst %.c,$(B)/san/%.o,$(wildcard daemon/$(1)/*.c)) daemon/$(1)
endef
$(foreach m,$(MODULES),$(eval $(call module,$(m))))

$(ARCHIVES) $(SANITIZED) $(B)/host.a:
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(B)/sluiced: $(B)/daemon/main.o $(ARCHIVES)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) -o $@ $< $(call group,$(ARCHIVES)) $(LDFLAGS) $(LIBS)

$(B)/sluice-agent: $(B)/daemon/agent_main.o $(B)/agent.a $(B)/base.a $(B)/host.a
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS) -lbpf -ljansson

# ---- client ---------------------------------------------------------------------------------------

$(B)/ctl/%.o: ctl/%.c Makefile VERSION
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) -Ictl $(CFLAGS) $(HARDEN) -c $< -o $@

$(B)/san/ctl/%.o: ctl/%.c Makefile VERSION
	$(call say,CC)
	$(Q)$(CLANG) $(CPPFLAGS) -Ictl $(CFLAGS) $(SANFLAGS) -c $< -o $@

$(B)/sluicectl: $(patsubst %.c,$(B)/%.o,$(CLIENT)) $(B)/host.a ctl ctl/doctor ctl/import
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) -lcurl -ljansson -lsmartcols \
		-lgnutls

# ---- manual pages ---------------------------------------------------------------------------------

MAN := sluicectl.1 sluice.yaml.5 sluiced.8 sluice-agent.8
man: $(MAN:%=$(B)/man/%)

$(B)/man/%: $(B)/man/%.scd
	$(call say,MAN)
	$(Q)SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$(CHANGED)} scdoc < $< > $@

# A page names the day of the version that it is of.
CHANGED = $(shell git log -1 --format=%ct -- VERSION 2>/dev/null | grep . || stat -c %Y VERSION)

$(B)/man/%.scd: $(B)/man/print-%
	$(Q)$< > $@

$(B)/man/%.8.scd: docs/man/%.8.scd docs/man/fill $(B)/% VERSION
	@mkdir -p $(@D)
	$(Q)docs/man/fill $< $(B)/$* $(VERSION) > $@

$(B)/man/print-%: docs/man/%.c docs/man/scdoc.h Makefile VERSION
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(DAEMON_I) -Ictl $(CFLAGS) -o $@ $< $(filter %.o %.a,$^) $(LIBS) \
		-lsmartcols
$(B)/man/print-sluicectl.1: $(filter-out $(B)/ctl/main.o,$(CLIENT:%.c=$(B)/%.o)) $(B)/host.a
$(B)/man/print-sluice.yaml.5: $(B)/config.a $(B)/base.a

# ---- tests ----------------------------------------------------------------------------------------

# Objects stand before the archives, so a fake takes the place of the module whose interface it has.
LINK_TEST = $(CLANG) $(SANITIZE) $(1) -o $@ $(filter %.o,$^) \
	$(call group,$(filter-out $(WITHOUT:%=$(B)/san/%.a),$(SANITIZED))) $(LIBS)

$(B)/san/tests/%.o: tests/%.c Makefile | $(SKELETONS)
	$(call say,CC)
	$(Q)$(CLANG) $(CPPFLAGS) $(DAEMON_I) -I. -Ibpf -Itests $(CFLAGS) $(SANFLAGS) -c $< -o $@

$(UNIT): $(B)/tests/%: $(B)/san/tests/unit/%.o $(SANITIZED)
	$(call say,LD)
	$(Q)$(call LINK_TEST) -lcriterion

$(FUZZERS): $(B)/fuzz/%: $(B)/san/tests/fuzz/%.o $(SANITIZED)
	$(call say,LD)
	$(Q)$(call LINK_TEST,-fsanitize=fuzzer)

include $(wildcard tests/*/*.mk)

tests: $(UNIT) $(FUZZERS)

install-deps:
	@scripts/install-deps all

# Two steps in one recipe: make reads which compilers exist only after they are installed.
demo: install-deps
	@$(MAKE) --no-print-directory $(JOBS) all
	@scripts/demo

test: install-deps
	@$(MAKE) --no-print-directory $(JOBS) all man tests
	@tests/run

# BENCH_QUICK=1: only shows that it works.
bench: $(B)/bench all
	@$(B)/bench $(if $(BENCH_QUICK),--quick) --output $(B)/bench.json
	@python3 tests/bench/scale.py $(B)/bench.json $(if $(BENCH_QUICK),--quick)

# What is found beyond the saved corpus is kept in build/fuzz/found.
fuzz: $(FUZZERS)
	@for name in $(notdir $(FUZZERS)); do \
		mkdir -p $(B)/fuzz/found/$$name tests/fuzz/corpus/$$name && \
		$(B)/fuzz/$$name -max_total_time=$(FUZZ_TIME) -artifact_prefix=$(B)/fuzz/$$name- \
			$(B)/fuzz/found/$$name tests/fuzz/corpus/$$name || exit 1; \
	done

lint:
	@scripts/lint

format:
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

install: all man
	install -D -t $(DESTDIR)$(PREFIX)/sbin $(B)/sluiced $(B)/sluice-agent
	install -D -t $(DESTDIR)$(PREFIX)/bin $(B)/sluicectl
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluice $(wildcard *.md)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluice/docs docs/*.md docs/openapi.yaml
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluice/configs configs/example.yaml
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluice/configs/prometheus configs/prometheus/*
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluice/configs/grafana configs/grafana/*
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $(B)/man/sluicectl.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 $(B)/man/sluice.yaml.5
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 $(B)/man/sluiced.8 \
		$(B)/man/sluice-agent.8
	$(B)/sluicectl completion bash | \
		install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/bash-completion/completions/sluicectl
	$(B)/sluicectl completion zsh | \
		install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_sluicectl

clean:
	rm -rf $(B)

-include $(shell find $(B) -type f -name '*.d' 2>/dev/null)

.PHONY: all man tests install-deps demo test bench fuzz lint format install clean
.DELETE_ON_ERROR:
.SECONDARY:
