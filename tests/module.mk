# SPDX-License-Identifier: GPL-2.0-or-later
# What is tried, and how. Everything speaks TAP; prove runs it and closes with its own line.
#	units	cmocka programs, tests/unit/PART/NAME_test.c
#	*.t	executables that start real programs on free ports in a folder of their own (tests/AREA/NAME.t)
#	e2e	the whole chain in Chromium
# A test finds the build through B (absolute) and may use TMPDIR. Tests never need the network.

TEST_ENV = B=$(CURDIR)/$(B) FLAVOUR=$(FLAVOUR) WASL_MEDIA=$(abspath $(or $(WASL_MEDIA),../shared/media)) CMOCKA_MESSAGE_OUTPUT=TAP \
	ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
PROVE = $(TEST_ENV) prove --exec '' --timer
AREAS := web stage cache crash content agent provisioning hub net ctl
TAPS := $(sort $(wildcard $(AREAS:%=tests/%/*.t)))
# A web server under sanitizers has their runtime preloaded: it can start no other one of its kind (door, players), and has no place
# before that runtime for a slow disk or a file that is cut.
ifeq ($(FLAVOUR),asan)
TAPS := $(filter-out $(patsubst %,tests/cache/%.t,disk cut door players),$(TAPS))
endif

check: ## everything: dependencies, build, lint, units (plain and with sanitizers), daemons, the chain in a browser
	$(Q)$(MAKE) deps
	$(Q)$(MAKE) $(JOBS) all man check-build
	$(Q)$(MAKE) check-units BESIDE=tests/lint/run
	$(Q)$(MAKE) FLAVOUR=asan $(JOBS) all check-build
	$(Q)$(MAKE) FLAVOUR=asan check-units
	$(Q)$(MAKE) FLAVOUR=asan check-fuzz-replay
	$(Q)$(MAKE) FLAVOUR=asan check-door
	$(Q)$(MAKE) $(JOBS) FLAVOUR=tsan check-tsan
	$(Q)$(MAKE) check-daemons
	$(Q)$(MAKE) check-e2e

# Building may go side by side; tests of one kind run after those of another.
JOBS = $(if $(findstring j,$(firstword -$(MAKEFLAGS))),,-j$(shell nproc))
check-build: $$(UNITS) $$(TEST_PROGS) $$(foreach f,$$(FUZZERS),$(B)/fuzz/$$(f))
.PHONY: check-build

# Lint does one thing at a time: in `make check` units run beside it.
check-units: all $$(UNITS)
	$(PROVE) -j2 $(BESIDE) $(UNITS)
check-daemons: all $$(TEST_PROGS) $(B)/e2e/.npm
	$(if $(TAPS),$(PROVE) -j$(AT_ONCE) $(TAPS))
# Daemons wait more than they work.
AT_ONCE = $(shell echo $$(($$(nproc) + 1)))
# The module with sanitizers inside a real nginx: what is served, and clients without manners.
check-door: $$(TEST_PROGS)
	$(PROVE) -j2 $(DOOR:%=tests/cache/%.t)
DOOR ?= $(if $(filter asan,$(FLAVOUR)),http hostile,door hostile players)
# What several processes share is tried by threads (a sanitizer sees no two processes): make FLAVOUR=tsan check-tsan
THREADED := $(foreach u,threads crew pass,$(B)/unit/cache_$(u)) $(B)/unit/staff_pieces
check-tsan: $(THREADED)
	$(PROVE) $(THREADED)
check-e2e: all $(B)/e2e/.npm
	$(PROVE) -j2 tests/e2e/chain.t tests/e2e/outage.t
check-lint: all man
	$(PROVE) -j2 tests/lint/run
check-fuzz-replay: $$(foreach f,$$(FUZZERS),$(B)/fuzz/$$(f))
	$(if $(FUZZERS),$(PROVE) -j2 $(foreach f,$(FUZZERS),$(B)/fuzz/$(f)))
# One at a time, as some measure. The long form of what `make check` tries in short: each test names itself here and reads WASL_LONG=1.
LONG += tests/content/players.t
check-long: all $$(TEST_PROGS) $(B)/e2e/.npm build/players/.npm ## the long form of tests that are short in `make check`
	WASL_LONG=1 PLAYERS_NPM=$(CURDIR)/build/players $(PROVE) $(sort $(LONG))
# These take longer still, or want the machine for themselves.
check-kitchen: all $$(TEST_PROGS) ## every film of WASL_MEDIA (../shared/media) by hand, seam by seam, and 200 kills
	WASL_LONG=1 $(PROVE) tests/content/byhand.t
check-cold: all $$(TEST_PROGS) ## 200 clients on 20 MB and 1,000 on 2 MB over 20 Mbit/s, and ten cuts
	WASL_LONG=1 $(PROVE) tests/content/cold.t
.PHONY: check-long check-kitchen check-cold
.PHONY: check check-tsan check-door check-units check-daemons check-e2e check-lint check-fuzz-replay

lint: deps check-lint ## layers, headers, format, shell, man pages, units, strings
format: ## formats the C code in place
	git ls-files '*.c' '*.h' | grep -v '^cache/nginx/' | xargs clang-format-14 -i
.PHONY: lint format

# Coverage-guided fuzzing, FUZZ_S seconds each, from the corpus in the tree.
FUZZ_S ?= 20
fuzz: ## fuzzes every parser for FUZZ_S seconds (20)
	$(Q)$(MAKE) FLAVOUR=fuzz fuzz-run
fuzz-run: $$(foreach f,$$(FUZZERS),$(B)/fuzz/$$(f))
	$(Q)for f in $(FUZZERS); do \
		mkdir -p build/fuzz-corpus/$$f; \
		echo "fuzz $$f"; \
		$(B)/fuzz/$$f -max_total_time=$(FUZZ_S) -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
			-artifact_prefix=build/fuzz-corpus/$$f- build/fuzz-corpus/$$f tests/fuzz/corpus/$$f 2>build/fuzz-corpus/$$f.log \
			|| { tail -n 30 build/fuzz-corpus/$$f.log; exit 1; }; \
		grep -E 'number_of_executed_units' build/fuzz-corpus/$$f.log; \
	done
.PHONY: fuzz fuzz-run

BENCHES += bench-ready
bench-ready: all ## time to a classroom that plays, first and second run
	$(Q)tests/bench/ready $(B) build/bench/ready.json
.PHONY: bench-ready

include tests/net/module.mk
include tests/vm/vm.mk
include tests/bench/cache/bench.mk
include tests/bench/evict/bench.mk
include tests/bench/content/bench.mk
include tests/bench/tap/bench.mk
include tests/bench/netmgr/bench.mk

BENCHES += bench-cache-crash
CUTS ?= 1000
KILLS ?= 100
LUCK ?= 1
bench-cache-crash: $$(addprefix $$(B)/tests/,crash-replay crash-work crash-recorder.so) ## power cuts (CUTS, KILLS, LUCK) of a store that is at work: wrong bytes, leaked files, losses
	$(Q)mkdir -p build/bench
	$(Q)TMPDIR=$(if $(wildcard /dev/shm/.),/dev/shm,/tmp) $(B)/tests/crash-replay $(B)/tests/crash-work $(CURDIR)/$(B)/tests/crash-recorder.so \
		$(CUTS) $(KILLS) $(LUCK) build/bench/cache-crash.json
.PHONY: bench-cache-crash

bench: ## the benchmarks that this tree has, one after the other; results in build/bench/
	$(Q)mkdir -p build/bench
	$(Q)for b in $(BENCHES); do $(MAKE) --no-print-directory $$b; done
.PHONY: bench

$(B)/e2e/.npm: tests/e2e/package.json tests/e2e/package-lock.json
	$(call say,NPM,$(<D))
	@mkdir -p $(@D)
	$(Q)cp tests/e2e/package.json tests/e2e/package-lock.json .npmrc $(@D)/
	$(Q)cd $(@D) && npm ci --ignore-scripts --loglevel=error >npm.log 2>&1 || { tail -n 5 npm.log >&2; echo "npm ci failed: check the network and npm's registry setting" >&2; exit 1; }
	@touch $@

# Players that are not ours, once for all flavours: 230 MB that only the long form needs.
build/players/.npm: tests/players/package.json tests/players/package-lock.json
	$(call say,NPM,tests/players)
	@mkdir -p $(@D)
	$(Q)cp tests/players/package.json tests/players/package-lock.json .npmrc $(@D)/
	$(Q)cd $(@D) && npm ci --ignore-scripts --loglevel=error >npm.log 2>&1 || { tail -n 5 npm.log >&2; echo "npm ci failed: check the network and npm's registry setting" >&2; exit 1; }
	@touch $@
