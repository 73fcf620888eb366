# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-contentd: catalogue, fetcher, jobs, search, portal. The kitchen and its transcoder are content/kitchen.mk.
CONTENT := backoff catalogue catalogue_check fold jobs playlists schedule vtt
$(eval $(call lib,content,$(CONTENT:%=content/%.c),web kitchen cache record base,sqlite3 jansson))
-include content/kitchen.mk

$(foreach u,$(CONTENT),$(if $(wildcard tests/unit/content/$(u)_test.c),$(eval $(call unit,content_$(u),tests/unit/content/$(u)_test.c,content))))
$(eval $(call fuzzer,vtt,tests/fuzz/vtt_fuzz.c,content))
