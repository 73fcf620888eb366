# SPDX-License-Identifier: GPL-2.0-or-later
# Which order of eviction costs a school the least: invented schools, the real cache/evict.c.
TEST_PROGS += $(B)/tests/evict-bench
$(eval $(call prog,evict-bench,tests/bench/evict/evict_bench.c tests/bench/evict/school.c,cache,tests))
BENCHES += bench-evict
bench-evict: $(B)/tests/evict-bench ## orders of eviction on invented schools: what crosses the line, what is made again
	$(Q)mkdir -p build/bench
	$(Q)$(B)/tests/evict-bench build/bench/evict.json
.PHONY: bench-evict
