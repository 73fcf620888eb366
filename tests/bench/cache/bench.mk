# SPDX-License-Identifier: GPL-2.0-or-later
# The cache beside its peers. Parts by BENCH_ONLY=hit,cold,…; BENCH_SHORT=1 tries the tool in a minute; BENCH_SEED repeats an order.
BENCH_TOOLS := $(B)/tests/bench-line $(B)/tests/bench-stock $(B)/tests/bench-client
TEST_PROGS += $(BENCH_TOOLS)
$(eval $(call prog,bench-line,tests/bench/cache/line.c tests/bench/cache/http_head.c,base,tests))
$(eval $(call prog,bench-client,$(patsubst %,tests/bench/cache/%.c,client crowd load hold keep players talk http_head),base,tests))
$(eval $(call prog,bench-stock,tests/bench/cache/stock.c,cache record base,tests))

BENCHES += bench-cache
bench-cache: deps-bench all $(BENCH_TOOLS) $(B)/tests/cache-feeder $(B)/tests/content-origin ## our cache beside nginx static, proxy_cache and Varnish
	$(Q)tests/bench/cache/run.mjs $(B) build/bench/cache$(if $(BENCH_SHORT),-short).json
deps-bench:
	$(Q)board/deps build run bench
.PHONY: bench-cache deps-bench
