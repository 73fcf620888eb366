# SPDX-License-Identifier: GPL-2.0-or-later
# The kitchen beside the ffmpeg command line. Parts by BENCH_ONLY=now,idle,…; BENCH_SHORT=1 tries the tool in a minute.
CONTENT_BENCH := $(B)/tests/bench-cost $(B)/tests/bench-shares
TEST_PROGS += $(CONTENT_BENCH)
$(eval $(call prog,bench-cost,tests/bench/content/cost.c,,tests))
$(eval $(call prog,bench-shares,tests/bench/content/shares.c,kitchen cook,tests))

BENCHES += bench-content
bench-content: deps-bench all $(CONTENT_BENCH) ## processor seconds and bytes of the lesson kitchen beside the ffmpeg command line
	$(Q)WASL_MEDIA=$(abspath $(or $(WASL_MEDIA),../shared/media)) tests/bench/content/run.mjs $(B) build/bench/content$(if $(BENCH_SHORT),-short).json
.PHONY: bench-content
