# SPDX-License-Identifier: GPL-2.0-or-later
#
# What unit tests need besides the modules.

$(addprefix $(B)/tests/,program trial dataplane loader protocol): $(B)/san/tests/veth.o
$(addprefix $(B)/tests/,fake engine engine_news engine_faults): $(B)/san/tests/fake_dataplane.o
