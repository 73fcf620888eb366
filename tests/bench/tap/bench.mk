# SPDX-License-Identifier: GPL-2.0-or-later
# A lesson of which only the film is here, in a real browser: how long until it plays. BENCH_SHORT=1: three rounds with a small film.
BENCHES += bench-tap
bench-tap: deps-bench all $(B)/e2e/.npm $(B)/tests/content-origin ## from a tap to the first picture of a lesson that was never cooked
	$(Q)mkdir -p build/bench
	$(Q)$(TEST_ENV) tests/bench/tap/run $(B) build/bench/tap$(if $(BENCH_SHORT),-short).json
.PHONY: bench-tap
