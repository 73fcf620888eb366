# SPDX-License-Identifier: GPL-2.0-or-later
# The engine: pure C without nginx. Readers (what a worker links) and writers (what contentd links on top).
CACHE_READER := layout guard segtab bits names view view_names reply sender warm want waiters uses tally counters crew
CACHE_READER += cold guests landed pass process
CACHE_READER += air air_plan welcome
CACHE_WRITER := names_builder store store_object store_rendition
CACHE_WRITER += store_local store_list evict
CACHE_WRITER += store_anew store_aside store_news store_own
CACHE_WRITER += store_disk store_note store_recover store_remake store_scrub store_search store_sweep store_table
$(eval $(call lib,cache,$(patsubst %,cache/%.c,$(CACHE_READER) $(CACHE_WRITER)),record base,libsodium))

$(foreach u,$(CACHE_READER) $(CACHE_WRITER),$(if $(wildcard tests/unit/cache/$(u)_test.c),$(eval $(call unit,cache_$(u),tests/unit/cache/$(u)_test.c,cache record base))))
$(foreach u,store_crash store_full air_class tally_kill threads,$(eval $(call unit,cache_$(u),tests/unit/cache/$(u)_test.c,cache record base)))
$(foreach f,air names segtab bits own want request,$(eval $(call fuzzer,cache_$(f),tests/fuzz/cache_$(f)_fuzz.c,cache record base)))

TEST_PROGS += $(addprefix $(B)/tests/cache-,feeder crowd hostile players)
$(eval $(call prog,cache-feeder,tests/cache/feeder.c tests/cache/feeder_do.c,cache record base,tests))
$(eval $(call prog,cache-crowd,tests/cache/crowd.c,base,tests))
$(eval $(call prog,cache-players,tests/cache/players.c,base,tests))
$(eval $(call prog,cache-hostile,$(addprefix tests/cache/,hostile.c hostile_peer.c hostile_rows.c),base,tests))
TEST_PROGS += $(B)/tests/cache-pulse $(B)/tests/slow-disk.so $(B)/tests/cut-file.so
$(eval $(call prog,cache-pulse,tests/cache/pulse.c,base,tests))

# --- the nginx module -----------------------------------------------------------------------------
# Debian's nginx-dev has headers and configure, no sources: configure runs in a symlink copy, once, for its headers and its
# list of modules. nginx itself cannot be rebuilt with sanitizers, so the module is the same in every flavour; the engine in it
# is compiled for a shared object and shows nothing but the module.
NGX := $(B)/nginx
NGX_SRC := /usr/share/nginx/src
NGX_PIC := $(patsubst %.c,$(B)/pic/%.o,$(CACHE_READER:%=cache/%.c) firmware/base/crc32c.c firmware/base/fault.c firmware/base/sheet.c firmware/base/text.c firmware/record/objmap.c)
NGX_GLUE := $(patsubst %.c,$(B)/pic/%.o,$(wildcard cache/nginx/*.c))
NGX_INCLUDE := $(addprefix -isystem ,$(NGX)/objs $(addprefix $(NGX)/src/,core event event/modules os/unix http http/modules http/v2))
PIC_FLAGS := -std=gnu11 -g -O2 -fPIC -fvisibility=hidden -fstack-protector-strong -D_FORTIFY_SOURCE=2 $(WARN) $(WERROR)
ALL += $(B)/lib/ngx_http_wasl_module.so

$(NGX)/objs/ngx_http_wasl_module_modules.c: cache/nginx/config
	$(call say,CONF,$(NGX))
	$(Q)rm -rf $(NGX) && mkdir -p $(NGX) && cp -as $(NGX_SRC)/. $(NGX)
	$(Q). $(NGX_SRC)/conf_flags; cd $(NGX); bash ./configure --builddir=objs "$${NGX_CONF_FLAGS[@]}" --with-cc-opt="-g -O2 -fPIC" \
		--add-dynamic-module=$(CURDIR)/cache/nginx >configure.log 2>&1 || { tail -n 20 configure.log >&2; exit 1; }

$(B)/pic/cache/nginx/%.o: cache/nginx/%.c $(NGX)/objs/ngx_http_wasl_module_modules.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)gcc $(CPPFLAGS) $(NGX_INCLUDE) $(PIC_FLAGS) -Wno-unused-parameter -Wno-switch-enum -Wno-cast-qual -c $< -o $@
$(B)/pic/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)gcc $(CPPFLAGS) $(PIC_FLAGS) -c $< -o $@
$(B)/pic/modules.o: $(NGX)/objs/ngx_http_wasl_module_modules.c
	@mkdir -p $(@D)
	$(Q)gcc $(NGX_INCLUDE) -g -O2 -fPIC -c $< -o $@
$(B)/lib/ngx_http_wasl_module.so: $(NGX_GLUE) $(NGX_PIC) $(B)/pic/modules.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)gcc -shared -Wl,-z,relro,-z,now,-z,defs -Wl,--unresolved-symbols=ignore-in-object-files -o $@ $^ -lsodium
# The module once more with sanitizers, for an nginx that their runtime is preloaded into (tests/cache/lib.sh): our own memory
# and arithmetic are watched; a pool of nginx is one block to them.
NGX_WATCHED := $(patsubst $(B)/pic/%,$(B)/watched/%,$(NGX_GLUE) $(NGX_PIC))
WATCH_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
TEST_PROGS += $(if $(filter asan,$(FLAVOUR)),$(B)/lib/ngx_http_wasl_module.watched.so)
$(B)/watched/%.o: %.c $(NGX)/objs/ngx_http_wasl_module_modules.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)gcc $(CPPFLAGS) $(NGX_INCLUDE) $(PIC_FLAGS) $(WATCH_FLAGS) -Wno-unused-parameter -Wno-switch-enum -Wno-cast-qual -c $< -o $@
$(B)/lib/ngx_http_wasl_module.watched.so: $(NGX_WATCHED) $(B)/pic/modules.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)gcc -shared $(WATCH_FLAGS) -Wl,-z,relro,-z,now -o $@ $^ -lsodium
# A server under them is not ours and has no sanitizer, so neither have these.
$(B)/tests/slow-disk.so: $(B)/pic/tests/cache/slow_disk.o
$(B)/tests/cut-file.so: $(B)/pic/tests/cache/cut_file.o
$(B)/tests/slow-disk.so $(B)/tests/cut-file.so:
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)gcc -shared -Wl,-z,relro,-z,now -o $@ $^ -ldl

-include $(NGX_GLUE:.o=.d) $(NGX_PIC:.o=.d) $(NGX_WATCHED:.o=.d)

# --- power cuts: a recorder to preload, a program that is recorded, and the replay (tests/crash) ----
TEST_PROGS += $(B)/tests/crash-work $(B)/tests/crash-replay $(B)/tests/crash-recorder.so
$(eval $(call prog,crash-work,tests/crash/work.c,cache record base,tests))
$(eval $(call prog,crash-replay,$(addprefix tests/crash/,replay.c check.c disk_model.c),cache record base,tests))
$(eval $(call unit,crash_disk_model,tests/unit/crash/disk_model_test.c tests/crash/disk_model.c,record base))
$(B)/tests/crash-recorder.so: $(B)/pic/tests/crash/recorder.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)gcc -shared -Wl,-z,relro,-z,now -o $@ $^
-include $(B)/pic/tests/crash/recorder.d
