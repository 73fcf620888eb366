# SPDX-License-Identifier: GPL-2.0-or-later
# The kitchen (contentd's side: no libav in that process) and wasl-transcoder (the child that reads foreign bytes).
KITCHEN := kitchen kitchen_plan kitchen_order kitchen_check kitchen_child kitchen_group kitchen_file plan_text kitchen_seen
PACK := grid reorder box pack pack_nal frag job verdict publish_status
COOK := source orient rate fields colour matrix picture lens probe probe_json stay film mono tone hear watch loudness still reel mux mezz publish foreign foresee libraries cook worker
COOK += survey preview likeness words subtitles
COOK += tail holes strip straight
$(eval $(call lib,pack,$(PACK:%=content/transcoder/%.c),web base,))
LINK.cook := -lm
$(eval $(call lib,cook,$(COOK:%=content/transcoder/%.c),players pack record base,libavformat libavcodec libswscale libswresample libavutil jansson))
$(eval $(call prog,wasl-transcoder,content/transcoder/main.c,cook))
$(eval $(call lib,kitchen,$(KITCHEN:%=content/kitchen/%.c),pack record base,libsodium libsystemd))
# The whole pipeline by hand, without a daemon.
HAND := kitchen_hand kitchen_libraries kitchen_folder kitchen_lists kitchen_sight kitchen_words
LINK.hand := -lm
$(eval $(call lib,hand,$(HAND:%=content/kitchen/%.c),players kitchen,jansson))
$(eval $(call prog,wasl-kitchen,content/kitchen/kitchen_main.c,hand))

$(foreach u,$(KITCHEN),$(if $(wildcard tests/unit/content/$(u)_test.c),$(eval $(call unit,content_$(u),tests/unit/content/$(u)_test.c,kitchen))))
$(foreach u,$(COOK),$(if $(wildcard tests/unit/transcoder/$(u)_test.c),$(eval $(call unit,transcoder_$(u),tests/unit/transcoder/$(u)_test.c,cook))))
$(foreach u,$(PACK),$(if $(wildcard tests/unit/transcoder/$(u)_test.c),$(eval $(call unit,transcoder_$(u),tests/unit/transcoder/$(u)_test.c,pack))))

# A whole lesson cooked by one command: what tests look at.
TEST_PROGS += $(B)/tests/cook-lesson
$(eval $(call prog,cook-lesson,tests/content/cook_lesson.c,kitchen,tests))

# A lesson's pictures before any encoder: what golden tests compare.
TEST_PROGS += $(B)/tests/look
$(eval $(call prog,look,tests/content/look.c,cook,tests))

# Parsers of bytes that come from a process which has read foreign ones.
# And the first look at a file, through libav: what is made of its answers.
$(eval $(call fuzzer,probe,tests/fuzz/probe_fuzz.c,cook))
$(foreach f,frag nal job,$(eval $(call fuzzer,kitchen_$(f),tests/fuzz/kitchen_$(f)_fuzz.c,kitchen)))
$(eval $(call fuzzer,strip,tests/fuzz/strip_fuzz.c,cook))
TEST_PROGS += $(B)/tests/seams
$(eval $(call prog,seams,tests/content/seams.c,cook kitchen,tests))
TEST_PROGS += $(B)/tests/joins
$(eval $(call prog,joins,tests/content/joins.c,cook kitchen,tests))
