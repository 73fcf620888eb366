# SPDX-License-Identifier: GPL-2.0-or-later
# The ministry's hub: waslhub (command line), wasl-hubd (daemon), pages.
HUB := account batch coverage csv demo edition enrol filmcheck films frames hub ingest jsonout keyring kinds lessons manage mezzanine offers origin refresh rows school \
       sidecar standing store store_sqlite store_sqlite_exchange store_sqlite_ledger store_sqlite_registry store_sqlite_rows suppress token unnamed
HUBD := hubd api_boxes api_country api_films api_json api_lists api_school api_stream
HUB_CLI := waslhub cli_accept cli_edition cli_init cli_key cli_offers cli_offers_say cli_order cli_publish cli_school cli_settings cli_token cli_withdraw
$(eval $(call lib,hub,$(HUB:%=provisioning/hub/%.c),record base,))
$(eval $(call prog,waslhub,$(HUB_CLI:%=provisioning/hub/%.c),hub record base))

$(eval $(call prog,wasl-hubd,$(HUBD:%=provisioning/hub/%.c),hub record base))

# Tests share a box and a hub that are made for them.
HUB_FAKES := enrol films ingest offers
$(eval $(call lib,hubfakes,tests/hub/fakebox.c tests/hub/fakehub.c,hub record base))
$(foreach u,$(filter-out store $(HUB_FAKES),$(HUB)),$(if $(wildcard tests/unit/hub/$(u)_test.c),$(eval $(call unit,hub_$(u),tests/unit/hub/$(u)_test.c,hub record base))))
$(foreach u,store store_rows,$(eval $(call unit,hub_$(u),tests/unit/hub/$(u)_test.c tests/unit/hub/store_place.c,hub record base)))
$(foreach u,$(HUB_FAKES),$(eval $(call unit,hub_$(u),tests/unit/hub/$(u)_test.c,hubfakes hub record base)))

# The pages, in one flat folder: no build step, only gathered.
HUB_WEB := $(B)/share/hub
HUB_PAGES := $(wildcard provisioning/hub/web/*.html provisioning/hub/web/*.mjs provisioning/hub/web/*.css provisioning/hub/web/*.svg)
HUB_KIT := firmware/web/tokens.css $(WEB_GEN)/outlines.json $(foreach l,ar fr en,$(WEB_GEN)/strings-$(l).json)
$(HUB_WEB)/.gathered: $(HUB_PAGES) $$(HUB_KIT)
	$(call say,WEB,$(@D))
	@mkdir -p $(@D)
	$(Q)rm -f $(@D)/* && cp $(HUB_PAGES) $(HUB_KIT) $(@D)/
	@touch $@
ALL += $(HUB_WEB)/.gathered
SHARE += $(HUB_WEB)

$(eval $(call prog,hub-hubd,tests/hub/hubd_test.c tests/hub/rig.c tests/hub/hubcall.c,hubfakes hub record base,tests))
TEST_PROGS += $(B)/tests/hub-hubd
$(eval $(call fuzzer,schools_csv,tests/fuzz/schools_csv_fuzz.c,hub record base))
$(eval $(call fuzzer,frames,tests/fuzz/frames_fuzz.c,hub record base))
$(eval $(call fuzzer,hub_enrol,tests/fuzz/hub_enrol_fuzz.c,hubfakes hub record base))
$(eval $(call fuzzer,report_rows,tests/fuzz/report_rows_fuzz.c,hubfakes hub record base))
$(eval $(call prog,hub-seed,tests/hub/seed.c tests/hub/hubcall.c,hubfakes hub record base,tests))
TEST_PROGS += $(B)/tests/hub-seed
LONG += tests/hub/offer.t
