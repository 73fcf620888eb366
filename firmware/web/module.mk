# SPDX-License-Identifier: GPL-2.0-or-later
# The kit shared by all pages: string tables, tokens, and what comes from npm.
WEB_GEN := $(B)/gen/web
STRING_TABLES := $(wildcard firmware/web/strings/*.tsv)
NPM := build/npm/web

$(eval $(call lib,web,firmware/web/strings.c $(WEB_GEN)/strings_table.c,base))
$(WEB_GEN)/strings_table.c: $(STRING_TABLES) firmware/web/mkstrings
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)firmware/web/mkstrings c $(STRING_TABLES) > $@
$(WEB_GEN)/strings-%.json: $(STRING_TABLES) firmware/web/mkstrings
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)firmware/web/mkstrings json $* $(STRING_TABLES) > $@

# npm packages, once for all flavours. hls.min.js is served as it is; outlines.json is cut from world-atlas.
$(NPM)/.done: firmware/web/package.json firmware/web/package-lock.json
	$(call say,NPM,$(<D))
	@mkdir -p $(@D)
	$(Q)cp firmware/web/package.json firmware/web/package-lock.json firmware/web/mkoutlines.mjs .npmrc $(@D)/
	$(Q)cd $(@D) && npm ci --ignore-scripts --loglevel=error >npm.log 2>&1 || { tail -n 5 npm.log >&2; echo "npm ci failed: check the network and npm's registry setting, then run make again" >&2; exit 1; }
	@touch $@
$(WEB_GEN)/hls.min.js: $(NPM)/.done
	@mkdir -p $(@D)
	$(Q)grep -v sourceMappingURL $(NPM)/node_modules/hls.js/dist/hls.min.js > $@
$(WEB_GEN)/outlines.json: $(NPM)/.done firmware/web/mkoutlines.mjs
	@mkdir -p $(@D)
	$(Q)cp firmware/web/mkoutlines.mjs $(NPM)/ && cd $(NPM) && node mkoutlines.mjs node_modules/world-atlas/countries-50m.json > $(CURDIR)/$@
ALL += $(WEB_GEN)/hls.min.js $(WEB_GEN)/outlines.json $(foreach l,ar fr en,$(WEB_GEN)/strings-$(l).json)

$(eval $(call unit,web_strings,tests/unit/web/strings_test.c,web base))
