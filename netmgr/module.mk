# SPDX-License-Identifier: GPL-2.0-or-later
# The decisions and the accounting are a library of pure code; the daemon around it comes in two: on the
# real kernel and on a simulated one.
NETMGR_CORE := uplink verdict choose core minutes gap meter slot ledger account
$(eval $(call lib,netmgr_core,$(NETMGR_CORE:%=netmgr/%.c),base))

$(foreach u,verdict core minutes gap meter account,$(eval $(call unit,netmgr_$(u),tests/unit/netmgr/$(u)_test.c,netmgr_core base)))
