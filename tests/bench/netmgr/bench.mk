# SPDX-License-Identifier: GPL-2.0-or-later
# The uplink manager on lines that fail at a known millisecond.
TEST_PROGS += $(B)/tests/bench-hub $(B)/tests/bench-flows $(B)/tests/bench-quota $(B)/tests/bench-flash
$(eval $(call prog,bench-hub,tests/bench/netmgr/hub.c,,tests))
$(eval $(call prog,bench-flows,tests/bench/netmgr/flows.c,,tests))
$(eval $(call prog,bench-quota,tests/bench/netmgr/quota.c,netmgr_core base,tests))
$(eval $(call prog,bench-flash,tests/bench/netmgr/flash.c,netmgr_core base,tests))
BENCHES += bench-netmgr
bench-netmgr: all $(B)/tests/bench-hub $(B)/tests/bench-flows $(B)/tests/bench-quota $(B)/tests/bench-flash $(B)/tests/net-link $(B)/tests/dns-fake ## uplinks that fail: how soon traffic moves, who is kept, what watching costs
	$(Q)mkdir -p build/bench
	$(Q)tests/bench/netmgr/run.mjs $(B) build/bench/netmgr$(if $(BENCH_SHORT),-short).json
.PHONY: bench-netmgr
