# SPDX-License-Identifier: GPL-2.0-or-later
# What players are given beside segments: playlists, manifests, captions. Pure, without the daemon and without libav.
PLAYERS := captions captions_coding captions_marks captions_read dash language media_type playlists sheet sprites vtt words
$(eval $(call lib,players,$(PLAYERS:%=content/shelf/%.c),base,))
$(foreach u,$(PLAYERS),$(if $(wildcard tests/unit/content/$(u)_test.c),$(eval $(call unit,content_$(u),tests/unit/content/$(u)_test.c,players))))
$(eval $(call fuzzer,captions,tests/fuzz/captions_fuzz.c,players))
$(eval $(call fuzzer,sprites,tests/fuzz/sprites_fuzz.c,players))
$(eval $(call fuzzer,words,tests/fuzz/words_fuzz.c,players))
# Says what playlists and their segments break of RFC 8216 and CMAF.
TEST_PROGS += $(B)/tests/hlslint
$(eval $(call lib,hlslint,tests/content/hlslint_read.c tests/content/hlslint_media.c,pack base,libcurl))
$(eval $(call prog,hlslint,tests/content/hlslint.c,hlslint,tests))
