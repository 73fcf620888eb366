# SPDX-License-Identifier: GPL-2.0-or-later
# The engine: pure C without nginx. Readers (what a worker links) and writers (what contentd links on top).
CACHE_READER := crc32c layout segtab bits names view reply sender want waiters uses tally
CACHE_WRITER := names_builder store store_object store_rendition
$(eval $(call lib,cache,$(patsubst %,cache/%.c,$(CACHE_READER) $(CACHE_WRITER)),record base,libsodium))

$(foreach u,$(CACHE_READER) $(CACHE_WRITER),$(if $(wildcard tests/unit/cache/$(u)_test.c),$(eval $(call unit,cache_$(u),tests/unit/cache/$(u)_test.c,cache record base))))
$(eval $(call unit,cache_store_crash,tests/unit/cache/store_crash_test.c,cache record base))
