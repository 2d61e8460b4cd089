# SPDX-License-Identifier: GPL-2.0-or-later

$(B)/tests/engine: $(B)/san/tests/fake_dataplane.o
