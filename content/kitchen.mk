# SPDX-License-Identifier: GPL-2.0-or-later
# The kitchen (contentd's side: no libav in that process) and wasl-transcoder (the child that reads foreign bytes).
KITCHEN := kitchen_plan
GRID := grid
$(eval $(call lib,pack,$(GRID:%=content/transcoder/%.c),base,))
$(eval $(call lib,kitchen,$(KITCHEN:%=content/%.c),pack record base,libsodium libsystemd))

$(foreach u,$(KITCHEN),$(if $(wildcard tests/unit/content/$(u)_test.c),$(eval $(call unit,content_$(u),tests/unit/content/$(u)_test.c,kitchen))))
$(foreach u,$(GRID),$(if $(wildcard tests/unit/transcoder/$(u)_test.c),$(eval $(call unit,transcoder_$(u),tests/unit/transcoder/$(u)_test.c,pack))))
