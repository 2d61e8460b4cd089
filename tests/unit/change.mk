# SPDX-License-Identifier: GPL-2.0-or-later
#
# Changes: over the real engine and store with memory for maps and a disk that fails, or over fakes.

$(B)/tests/change: $(B)/san/tests/fake_dataplane.o $(B)/san/tests/stored.o $(B)/san/tests/faulty_vfs.o
$(B)/tests/change_impact: $(B)/san/tests/fake_engine.o
$(B)/tests/change_impact: WITHOUT := engine dataplane loader net health
