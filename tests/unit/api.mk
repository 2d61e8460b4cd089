# SPDX-License-Identifier: GPL-2.0-or-later
#
# The API, its metrics and its client stand on fakes of all that they drive.

FAKED := $(B)/san/tests/fake_engine.o $(B)/san/tests/served.o

$(addprefix $(B)/tests/,api api_access api_change api_events api_headers api_hostile api_log api_tcp api_watch metrics sluicectl): $(FAKED)
$(addprefix $(B)/tests/,api api_access api_change api_events api_headers api_hostile api_log api_tcp api_watch metrics sluicectl): WITHOUT := engine dataplane loader net health
$(B)/tests/api_parts: $(B)/san/tests/fake_engine.o
$(B)/tests/api_parts: WITHOUT := engine dataplane loader net health
$(B)/fuzz/api: $(B)/san/tests/fake_engine.o
$(B)/fuzz/api: WITHOUT := engine dataplane loader net health

# The client that is tested is one with sanitizers: a leak changes its exit status.
SANITIZED_CLIENT := $(CLIENT:%.c=$(B)/san/%.o)
$(B)/san/sluicectl: $(SANITIZED_CLIENT) $(B)/san/host.a ctl ctl/doctor ctl/import
	$(call say,LD)
	$(Q)$(CLANG) $(SANITIZE) -o $@ $(filter %.o %.a,$^) -lcurl -ljansson -lsmartcols -lgnutls
$(B)/tests/sluicectl $(B)/tests/api_tcp: | $(B)/san/sluicectl
tests: $(B)/san/sluicectl
