# SPDX-License-Identifier: GPL-2.0-or-later
# The ministry's hub: waslhub (command line), wasl-hubd (daemon), pages.
HUB := account coverage csv demo enrol frames hub ingest keyring lessons refresh rows school standing store store_sqlite store_sqlite_ledger \
       store_sqlite_registry store_sqlite_rows suppress token
HUBD := hubd api_boxes api_country api_json api_lists api_school api_stream
HUB_CLI := waslhub cli_init cli_key cli_order cli_school cli_token
$(eval $(call lib,hub,$(HUB:%=provisioning/hub/%.c),record base,))
$(eval $(call prog,waslhub,$(HUB_CLI:%=provisioning/hub/%.c),hub record base))

$(eval $(call prog,wasl-hubd,$(HUBD:%=provisioning/hub/%.c),hub record base))

$(foreach u,$(HUB),$(if $(wildcard tests/unit/hub/$(u)_test.c),$(eval $(call unit,hub_$(u),tests/unit/hub/$(u)_test.c,hub record base))))
