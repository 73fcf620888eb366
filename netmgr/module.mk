# SPDX-License-Identifier: GPL-2.0-or-later
# The decisions and the accounting are a library of pure code; the daemon around it comes in two: on the
# real kernel and on a simulated one.
NETMGR_CORE := uplink verdict choose traffic core core_state core_round minutes gap meter quota shape shape_learn prefer slot chain ledger ledger_chain account net_conf lane check dns echo plan lease measure_key lan lan_conf lan_book
NETMGR_DAEMON := probe probe_echo engine engine_ways api api_chain
NETMGR_SIM := gate kernel_sim shaper_sim
NETMGR_NL := kernel_nl kernel_order house nl_net nl_flows nl_batch nl_events nl_stock nl_tc nl_tc_wire shaper_nl nft dhcp resolv
# Who is let in and through
NETMGR_WALL := zone rules emergency dnsmasq front
NETMGR_DAEMON += wall/wall
NETMGR_SIM += wall/wall_sim
NETMGR_NL += wall/wall_nl
$(eval $(call lib,netmgr_core,$(NETMGR_CORE:%=netmgr/%.c) $(NETMGR_WALL:%=netmgr/wall/%.c),record base))
$(eval $(call lib,netmgr_daemon,$(NETMGR_DAEMON:%=netmgr/%.c),netmgr_core base))
$(eval $(call lib,netmgr_sim,$(NETMGR_SIM:%=netmgr/%.c),netmgr_daemon board_sim))
$(eval $(call lib,netmgr_nl,$(NETMGR_NL:%=netmgr/%.c),netmgr_daemon board,libnl-3.0 libnl-route-3.0 libnftables))
$(eval $(call prog,wasl-netmgrd-sim,netmgr/main.c,netmgr_sim))
$(eval $(call prog,wasl-netmgrd,netmgr/main.c,netmgr_nl))
$(B)/obj/netmgr/nl_%.o $(B)/obj/tests/unit/netmgr/nl_%.o $(B)/obj/tests/fuzz/netmgr_tc_fuzz.o: CPPFLAGS += $(shell pkg-config --cflags libnl-3.0)

$(foreach u,$(filter-out uplink choose core_% ledger chain lan_conf,$(NETMGR_CORE)),$(eval $(call unit,netmgr_$(u),tests/unit/netmgr/$(u)_test.c,netmgr_core base)))
$(eval $(call unit,netmgr_wall,tests/unit/netmgr/wall_test.c,netmgr_core base))
$(eval $(call unit,netmgr_core_silence,tests/unit/netmgr/core_silence_test.c,netmgr_core base))
$(eval $(call unit,netmgr_nl_events,tests/unit/netmgr/nl_events_test.c,netmgr_nl))
$(eval $(call unit,netmgr_nl_tc,tests/unit/netmgr/nl_tc_test.c,netmgr_nl))
$(eval $(call unit,netmgr_nl_batch,tests/unit/netmgr/nl_batch_test.c,netmgr_nl))
$(eval $(call unit,netmgr_nl_stock,tests/unit/netmgr/nl_stock_test.c,netmgr_nl))
$(eval $(call unit,netmgr_house,tests/unit/netmgr/house_test.c,netmgr_nl))
$(foreach f,reply slot,$(eval $(call fuzzer,netmgr_$(f),tests/fuzz/netmgr_$(f)_fuzz.c,netmgr_core)))
$(eval $(call fuzzer,netmgr_tc,tests/fuzz/netmgr_tc_fuzz.c,netmgr_nl))
$(eval $(call fuzzer,netmgr_events,tests/fuzz/netmgr_events_fuzz.c,netmgr_nl))

# The decisions on traces of lines that fail: wasl-netsim(1)
$(eval $(call lib,netsim,$(patsubst %,netmgr/netsim/%.c,spec trace world world_core world_mwan3),netmgr_core base))
LINK.netsim := -lm
$(eval $(call prog,wasl-netsim,netmgr/netsim/main.c,netsim netmgr_core base))

# A resolver for tests/net/dhcp.t
$(eval $(call prog,dns-fake,tests/net/dns-fake.c,netmgr_core,tests))
TEST_PROGS += $(B)/tests/dns-fake
# For tests/net/failover.t: a daemon that misses what the kernel says
$(eval $(call prog,tiny-buffer,tests/net/tiny-buffer.c,base,tests))
TEST_PROGS += $(B)/tests/tiny-buffer
