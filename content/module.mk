# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-contentd: catalogue, fetcher, jobs, search, portal. The kitchen and its transcoder are content/kitchen.mk.
CONTENT := backoff jobs playlists schedule
$(eval $(call lib,content,$(CONTENT:%=content/%.c),web cache record base,sqlite3 jansson))
-include content/kitchen.mk

$(foreach u,$(CONTENT),$(if $(wildcard tests/unit/content/$(u)_test.c),$(eval $(call unit,content_$(u),tests/unit/content/$(u)_test.c,content))))
