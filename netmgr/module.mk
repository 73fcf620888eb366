# SPDX-License-Identifier: GPL-2.0-or-later
# The decisions and the accounting are a library of pure code (core); the daemon around it comes in two: on the
# real kernel (nl) and on one that is played (sim).
NETMGR_CORE := net_conf
NETMGR_DAEMON := engine engine_passive engine_ways api api_chain api_checks api_wifi
# What a line is, which one is taken, and what it carries
NETMGR_LINE := uplink verdict choose traffic core core_state core_round prefer passive shape shape_learn
# What every second of it was, and every byte of its quota
NETMGR_BOOK := minutes gap meter quota slot chain ledger ledger_chain account checks checks_book
# The questions
NETMGR_PROBE := check dns echo measure_key
NETMGR_DAEMON += $(addprefix probe/,probe probe_check probe_echo)
# Measurements by ndt7
NETMGR_MEASURE := ndt_stop ndt_said measure_conf measure_plan measure_book
NETMGR_DAEMON += measure/measure measure/measure_api
# Modems that ModemManager looks after
NETMGR_MODEM := modem modem_book modem_read apn
NETMGR_DAEMON += modem/modems modem/modem_bus
# The real kernel: what should be there (pure), and what is
NETMGR_KERNEL := plan arrive lease lan lan_conf lan_book host
NETMGR_NL := $(addprefix kernel/,kernel_nl kernel_order house nl_priv nl_net nl_flows nl_batch nl_events nl_stock nl_tc nl_tc_wire nl_looks nl_tcp nl_passive shaper_nl nft dhcp resolv)
# Its IPv6
NETMGR_SIX := plan6 ra ra_book ra_memo slaac
NETMGR_NL += $(addprefix six/,kernel6 ra_wire nl_net6)
# A kernel that is played
NETMGR_CORE += sim/lane
NETMGR_SIM := $(addprefix sim/,gate kernel_sim shaper_sim)
# Who is let in and through
NETMGR_WALL := zone rules emergency dnsmasq front
NETMGR_DAEMON += wall/wall
NETMGR_SIM += wall/wall_sim
NETMGR_NL += wall/wall_nl
# Radios and their networks
NETMGR_WIFI := wifi_conf wifi phy channel hostapd air_book
NETMGR_DAEMON += $(addprefix wifi/,air air_file air_say)
NETMGR_SIM += wifi/radio_sim
NETMGR_NL += wifi/nl80211 wifi/nl80211_read

NETMGR_CORE += $(NETMGR_LINE:%=line/%) $(NETMGR_BOOK:%=book/%) $(NETMGR_PROBE:%=probe/%) $(NETMGR_MEASURE:%=measure/%)
NETMGR_CORE += $(NETMGR_MODEM:%=modem/%) modem/modem_ladder modem/modem_conf $(NETMGR_KERNEL:%=kernel/%) $(NETMGR_SIX:%=six/%)
NETMGR_CORE += $(NETMGR_WALL:%=wall/%) $(NETMGR_WIFI:%=wifi/%)
$(eval $(call lib,netmgr_core,$(NETMGR_CORE:%=netmgr/%.c),record base,expat))
$(eval $(call lib,netmgr_daemon,$(NETMGR_DAEMON:%=netmgr/%.c),netmgr_core base))
$(eval $(call lib,netmgr_sim,$(NETMGR_SIM:%=netmgr/%.c),netmgr_daemon board_sim))
$(eval $(call lib,netmgr_nl,$(NETMGR_NL:%=netmgr/%.c),netmgr_daemon board,libnl-3.0 libnl-route-3.0 libnl-genl-3.0 libnftables))
$(eval $(call prog,wasl-netmgrd-sim,netmgr/main.c,netmgr_sim))
$(eval $(call prog,wasl-netmgrd,netmgr/main.c,netmgr_nl))
# Measures one line, in a process of its own: what it reads is a stranger's.
$(eval $(call lib,netmgr_ndt,netmgr/measure/ndt_run.c,netmgr_core,libwebsockets))
$(eval $(call prog,wasl-ndt,netmgr/measure/ndt_main.c,netmgr_ndt))
NETMGR_LIBNL := $(filter kernel/% six/% wifi/%,$(NETMGR_NL))
$(NETMGR_LIBNL:%=$(B)/obj/netmgr/%.o) $(patsubst %,$(B)/obj/tests/unit/netmgr/%_test.o,nl80211 nl_batch nl_events nl_stock nl_tc nl_tcp) $(B)/obj/tests/fuzz/netmgr_tc_fuzz.o: CPPFLAGS += $(shell pkg-config --cflags libnl-3.0)

$(foreach u,$(notdir $(NETMGR_CORE)) six wall core_silence,$(if $(wildcard tests/unit/netmgr/$(u)_test.c),$(eval $(call unit,netmgr_$(u),tests/unit/netmgr/$(u)_test.c,netmgr_core base))))
$(eval $(call unit,netmgr_modem_bus,tests/unit/netmgr/modem_bus_test.c,netmgr_daemon))
$(foreach u,house nl80211 nl_batch nl_events nl_stock nl_tc nl_tcp,$(eval $(call unit,netmgr_$(u),tests/unit/netmgr/$(u)_test.c,netmgr_nl)))
$(foreach f,apn modem ra reply slot,$(eval $(call fuzzer,netmgr_$(f),tests/fuzz/netmgr_$(f)_fuzz.c,netmgr_core)))
$(foreach f,diag events tc wifi,$(eval $(call fuzzer,netmgr_$(f),tests/fuzz/netmgr_$(f)_fuzz.c,netmgr_nl)))

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
# ModemManager's place, for tests/net/modem.t
$(eval $(call prog,modem-fake,tests/net/modem-fake.c,base,tests))
TEST_PROGS += $(B)/tests/modem-fake
LONG += tests/net/modem.t
