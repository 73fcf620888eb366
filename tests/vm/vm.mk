# SPDX-License-Identifier: GPL-2.0-or-later
# Under Debian's kernel in a machine that is emulated: what the kernel of the day lacks, and the uplink manager on the kernel of a box.
VM_TESTS := $(addprefix tests/vm/,smoke.t box.t wifi.t)
# What the daemon reads of a radio, for tests/vm/wifi.t
$(eval $(call prog,radio-look,tests/vm/radio-look.c,netmgr_nl,tests))
TEST_PROGS += $(B)/tests/radio-look
check-vm: deps-vm all $$(TEST_PROGS) ## Debian's own kernel, emulated: cake, fq_codel, netem, Wi-Fi, and the uplink manager on it
	$(PROVE) $(VM_TESTS)
deps-vm:
	$(Q)board/deps build run check vm
.PHONY: check-vm deps-vm
