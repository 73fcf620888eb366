# SPDX-License-Identifier: GPL-2.0-or-later
# Lines that fail, between network namespaces: tests/net/link/main.c says how to talk to it.
$(eval $(call lib,net_link,$(patsubst %,tests/net/link/%.c,shape frame faults ring line order),base))
LINK.net_link := -lm
$(eval $(call prog,net-link,tests/net/link/main.c,net_link base,tests))
$(eval $(call unit,net_link,tests/unit/net/link_test.c,net_link base))
TEST_PROGS += $(B)/tests/net-link
# With a real dnsmasq
LONG += tests/net/wall.t
LONG += tests/net/prefer.t
LONG += tests/net/ndt.t
# Lines that fall, one after the other
LONG += tests/net/ipv6.t
