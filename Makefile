# SPDX-License-Identifier: GPL-2.0-or-later
# Wasl, the whole house. `make help` says what there is; each folder's module.mk adds its own parts.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all

VERSION := 0.1.0
FLAVOUR ?= dev
B := build/$(FLAVOUR)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

# --- flavours -------------------------------------------------------------------------------------
CC.dev := gcc
CC.asan := gcc
CC.tsan := gcc
CC.cov := gcc
CC.fuzz := clang
FLAGS.dev := -O2 -D_FORTIFY_SOURCE=2
FLAGS.asan := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
FLAGS.tsan := -O1 -fsanitize=thread
FLAGS.cov := -O0 --coverage
FLAGS.fuzz := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined
CC := $(CC.$(FLAVOUR))
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wundef -Wvla -Wformat=2 -Wswitch-enum
WERROR := $(if $(CI),-Werror)
CFLAGS := -std=gnu11 -g -pthread -fPIE -fstack-protector-strong $(FLAGS.$(FLAVOUR)) $(WARN) $(WERROR)
CPPFLAGS = -D_GNU_SOURCE -DWASL_VERSION='"$(VERSION)"' -I. -I$(B)/gen -MMD -MP
LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(FLAGS.$(FLAVOUR)) -pthread

# --- templates ------------------------------------------------------------------------------------
# $(call lib,NAME,SOURCES,DEPENDS,PKGS)	libNAME.a from SOURCES; DEPENDS are other libs of ours, PKGS pkg-config names
# $(call prog,NAME,SOURCES,LIBS[,FOLDER])	program from SOURCES and our LIBS; FOLDER defaults to bin
# $(call unit,NAME,SOURCES,LIBS)	cmocka test tests/unit/NAME, run by `make check`
# $(call fuzzer,NAME,SOURCE,LIBS)	libFuzzer target with corpus tests/fuzz/corpus/NAME
LIBS :=
PROGS :=
UNITS :=
FUZZERS :=
ALL :=
CHECKS :=
GEN :=
SRCS :=

deps_of = $(1) $(foreach l,$(DEPS.$(1)),$(call deps_of,$(l)))
archives = $(foreach l,$(1),$(B)/lib/lib$(l).a)
closure = $(if $(strip $(1)),$(foreach l,$(1),$(call deps_of,$(l))))
pkgs_of = $(sort $(foreach l,$(call closure,$(1)),$(PKGS.$(l))))
libs_of = $(if $(call pkgs_of,$(1)),$(shell pkg-config --libs $(call pkgs_of,$(1)))) $(sort $(foreach l,$(call closure,$(1)),$(LINK.$(l))))
obj = $(patsubst %.c,$(B)/obj/%.o,$(patsubst $(B)/gen/%,gen/%,$(1)))

define lib
LIBS += $(1)
DEPS.$(1) := $(3)
PKGS.$(1) := $(4)
SRCS += $(filter-out $(B)/gen/%,$(2))
$(B)/lib/lib$(1).a: $(call obj,$(2))
endef
define prog
PROGS += $(1)
ALL += $(B)/$(or $(4),bin)/$(1)
SRCS += $(filter-out $(B)/gen/%,$(2))
$(B)/$(or $(4),bin)/$(1): private OURS := $(3)
$(B)/$(or $(4),bin)/$(1): $(call obj,$(2)) $$(foreach l,$$(sort $$(call closure,$(3))),$(B)/lib/lib$$(l).a)
endef
define unit
UNITS += $(B)/unit/$(1)
SRCS += $(2)
$(B)/unit/$(1): private OURS := $(3)
$(B)/unit/$(1): private EXTRA := -lcmocka
$(B)/unit/$(1): $(call obj,$(2)) $$(foreach l,$$(sort $$(call closure,$(3))),$(B)/lib/lib$$(l).a)
endef
define fuzzer
FUZZERS += $(1)
SRCS += $(2)
$(B)/fuzz/$(1): private OURS := $(3)
$(B)/fuzz/$(1): private EXTRA := $(if $(filter fuzz,$(FLAVOUR)),-fsanitize=fuzzer,$(call obj,tests/fuzz/replay.c))
$(B)/fuzz/$(1): $(call obj,$(2)) $(if $(filter fuzz,$(FLAVOUR)),,$(call obj,tests/fuzz/replay.c)) $$(foreach l,$$(sort $$(call closure,$(3))),$(B)/lib/lib$$(l).a)
endef

MODULES := firmware/base firmware/record firmware/web firmware/agent firmware/ctl firmware/stage \
	   cache cache/door content provisioning provisioning/hub provisioning/ndtd netmgr board tests
.SECONDEXPANSION:
include $(wildcard $(addsuffix /module.mk,$(MODULES)))

all: $$(ALL) ## build every program into build/dev
.PHONY: all

# --- rules ----------------------------------------------------------------------------------------
$(B)/obj/gen/%.o: $(B)/gen/%.c | $$(GEN)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out -Wcast-qual -Wshadow,$(CFLAGS)) $(CFLAGS.gen) -c $< -o $@
$(B)/obj/%.o: %.c | $$(GEN)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@
$(B)/lib/lib%.a:
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)
# A rule for each folder: one rule with several patterns would be taken to make all of them at once, and a unit and a fuzzer of
# one name would then be built by turns.
define link_in
$(B)/$(1)/%:
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$(filter %.o,$$(filter-out $$(EXTRA),$$^)) $$(filter %.o,$$(EXTRA)) -Wl,--start-group $$(sort $$(filter %.a,$$^)) -Wl,--end-group $$(call libs_of,$$(OURS)) $$(filter-out %.o,$$(EXTRA))
endef
$(foreach f,bin libexec unit fuzz tests,$(eval $(call link_in,$(f))))

-include $(patsubst %.c,$(B)/obj/%.d,$(SRCS))

# --- what people call -----------------------------------------------------------------------------
deps: ## install the Debian and npm packages that building, running and checking need
	$(Q)board/deps build run check
deps-run:
	$(Q)board/deps build run
.PHONY: deps deps-run

clean: ## remove everything built (state under build/run too)
	rm -rf build
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
.PHONY: clean help

# --- man pages and installation -------------------------------------------------------------------
# NAME.8.in holds "@CONFIGURATION@": replaced by what the program's own schema table prints.
MAN_SRC := $(wildcard $(MODULES:%=%/*.1) $(MODULES:%=%/*.8) $(MODULES:%=%/*.8.in) content/*/*.1 netmgr/*/*.1 netmgr/*/*.8)
MANS := $(patsubst %.in,%,$(addprefix $(B)/man/,$(notdir $(MAN_SRC))))
man: $(MANS) ## man pages into build/dev/man
.PHONY: man
define manpage
$(B)/man/$(notdir $(1)): $(1)
	@mkdir -p $$(@D)
	$$(Q)cp $(1) $$@
endef
define manpage_in
$(B)/man/$(notdir $(1:.in=)): $(1) $(B)/bin/$(notdir $(1:.8.in=))
	@mkdir -p $$(@D)
	$$(Q){ sed '/^@CONFIGURATION@/,$$$$d' $(1); $(B)/bin/$(notdir $(1:.8.in=)) --print-man; sed '1,/^@CONFIGURATION@/d' $(1); } > $$@
endef
$(foreach m,$(filter-out %.in,$(MAN_SRC)),$(eval $(call manpage,$(m))))
$(foreach m,$(filter %.in,$(MAN_SRC)),$(eval $(call manpage_in,$(m))))

PREFIX ?= /usr
UNIT_SRC := $(wildcard $(foreach e,service socket path,$(MODULES:%=%/*.$(e)) netmgr/*/*.$(e)))
install: all man ## programs, module, units, pages and man pages under DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/nginx/modules $(DESTDIR)$(PREFIX)/lib/systemd/system \
		$(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/wasl
	install -m 755 $(filter $(B)/bin/%,$(ALL)) $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(filter %.so,$(ALL)) $(DESTDIR)$(PREFIX)/lib/nginx/modules/
	install -D -m 755 netmgr/kernel/udhcpc-hook $(DESTDIR)$(PREFIX)/lib/wasl/udhcpc-hook
	install -m 644 $(UNIT_SRC) $(DESTDIR)$(PREFIX)/lib/systemd/system/
	install -D -m 644 netmgr/wifi/70-wasl-wifi.rules $(DESTDIR)$(PREFIX)/lib/udev/rules.d/70-wasl-wifi.rules
	install -D -m 644 netmgr/modem/60-wasl-modem.rules $(DESTDIR)$(PREFIX)/share/polkit-1/rules.d/60-wasl-modem.rules
	install -D -m 644 firmware/base/wasl.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/wasl.conf
	install -D -m 644 firmware/base/wasl.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/wasl.conf
	install -D -m 644 provisioning/hub/wasl-hub.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/wasl-hub.conf
	install -m 644 $(filter %.1,$(MANS)) $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(filter %.8,$(MANS)) $(DESTDIR)$(PREFIX)/share/man/man8/
	install -d $(DESTDIR)$(PREFIX)/share/wasl/nginx/conf
	install -m 644 cache/nginx/nginx.conf.in $(DESTDIR)$(PREFIX)/share/wasl/nginx/
	install -m 644 $(wildcard cache/nginx/conf/*.conf) $(DESTDIR)$(PREFIX)/share/wasl/nginx/conf/
	for d in $(SHARE); do cp -R $$d $(DESTDIR)$(PREFIX)/share/wasl/; done
.PHONY: install
