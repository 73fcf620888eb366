# SPDX-License-Identifier: GPL-2.0-or-later
# wasl, the one command-line tool on the box. What it shows is pure (JSON in, text out) and lies in the library.
CTL := ask claim_view config_pick evidence_view lists_view live_view measure_view modem_view net_view qr request_view run staff_view status_view store_view view wall_view wifi_view
$(eval $(call lib,ctl,$(CTL:%=firmware/ctl/%.c),web record base,libqrencode))
$(eval $(call prog,wasl,$(patsubst %,firmware/ctl/%.c,main status checks claim commands evidence lists config kitchen live net net_order net_test request staff store store_add),ctl))

$(foreach u,$(filter-out modem_view,$(CTL)),$(if $(wildcard tests/unit/ctl/$(u)_test.c),$(eval $(call unit,ctl_$(u),tests/unit/ctl/$(u)_test.c,ctl web base))))
# Every word of a modem that wasl-netmgrd may say
$(eval $(call unit,ctl_modem_view,tests/unit/ctl/modem_view_test.c,ctl netmgr_core web base))
