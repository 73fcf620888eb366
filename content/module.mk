# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-contentd: catalogue, fetcher, jobs, search, portal. The kitchen and its transcoder are content/kitchen/kitchen.mk.
include content/shelf/players.mk
include content/kitchen/kitchen.mk
# A list for each room; what has tests of its own is found by its name.
DAEMON := book conf contentd control metrics public publish pupils replan report settle wants
CATALOGUE := catalogue catalogue_check inforce library library_keys library_rung library_sight sync
FETCH := agenda agenda_ctl backoff boxtime eta fetch fetch_stream neighbours origin planner planner_promise planning planning_promise promise reread schedule sources uplinks
KEEPER := keeper keeper_ask keeper_facts keeper_hold keeper_list keeper_name keeper_news keeper_part keeper_rot keeper_scrub store_ctl
COOKING := cook cook_dish cook_lost cook_preview cook_view idle jobs passing passing_lesson rest rest_read setback version
LIVE := live live_ask live_class live_ctl live_files live_hold live_keep live_kept live_list live_log live_move live_rate live_text live_track live_url live_window
SHELF := fold search shelf
CONTENT := $(DAEMON:%=content/%.c) $(CATALOGUE:%=content/catalogue/%.c) $(FETCH:%=content/fetch/%.c) $(KEEPER:%=content/keeper/%.c) $(COOKING:%=content/kitchen/%.c) $(LIVE:%=content/live/%.c) $(SHELF:%=content/shelf/%.c)
STAFF := again captioning class_pages door fields form intake lesson_pages near offer_ctl own own_merge people pieces pin prepare renditions session staff staff_ctl stick stick_words throttle tidy unfinished upload upload_calls visit work
PORTAL := files page press site site_json site_lesson site_live site_status
PORTAL_FILES = $(sort $(wildcard content/portal/pages/*.html content/portal/assets/*.js content/portal/assets/*.svg)) \
	$(B)/gen/portal/portal.css $(B)/gen/web/hls.min.js
$(eval $(call lib,content,$(CONTENT) $(PORTAL:%=content/portal/%.c) $(STAFF:%=content/staff/%.c) $(B)/gen/portal/files_table.c,web players kitchen cache record base,sqlite3 jansson libcurl))

# Templates and assets are part of the program. The style sheet begins with the house's tokens.
$(B)/gen/portal/portal.css: firmware/web/tokens.css content/portal/assets/portal.css
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)cat $^ > $@
$(B)/gen/portal/files_table.c: content/portal/mkfiles $$(PORTAL_FILES)
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)content/portal/mkfiles $(filter-out content/portal/mkfiles,$^) > $@
$(eval $(call prog,wasl-contentd,content/main.c,content))

$(foreach u,$(basename $(notdir $(CONTENT))),$(if $(wildcard tests/unit/content/$(u)_test.c),$(eval $(call unit,content_$(u),tests/unit/content/$(u)_test.c,content))))
$(foreach u,$(STAFF),$(if $(wildcard tests/unit/staff/$(u)_test.c),$(eval $(call unit,staff_$(u),tests/unit/staff/$(u)_test.c,content))))
$(foreach u,$(PORTAL),$(if $(wildcard tests/unit/portal/$(u)_test.c),$(eval $(call unit,portal_$(u),tests/unit/portal/$(u)_test.c,content))))
$(foreach f,boxtime vtt catalogue uplinks live_list,$(eval $(call fuzzer,$(f),tests/fuzz/$(f)_fuzz.c,content)))

# A month of a school: what was promised, and what came
$(eval $(call unit,content_planner_month,tests/unit/content/planner_month_test.c,content))
$(eval $(call unit,content_schedule_turns,tests/unit/content/schedule_turns_test.c,content))

# A ministry of tests: keys and a static origin, for tests/content/*.t
$(eval $(call prog,content-origin,tests/content/origin_tool.c,record base,tests))
TEST_PROGS += $(B)/tests/content-origin
# A line that is slow, cut or dishonest
$(eval $(call prog,content-line,tests/content/line.c,base,tests))
TEST_PROGS += $(B)/tests/content-line
# Another daemon of the box, that answers what a file says
$(eval $(call prog,content-answers,tests/content/answers.c,base,tests))
TEST_PROGS += $(B)/tests/content-answers
$(eval $(call fuzzer,staff_form,tests/fuzz/staff_form_fuzz.c,content))
LONG += tests/content/attack.t tests/content/hard.t tests/content/makes.t tests/content/staff.t tests/content/staff_page.t tests/content/lesson_page.t
