// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a worker process counts of itself, in memory that workers share: one struct for each worker, written by it alone, added
 * up by whoever shows them. Counting is a load and a store, without a lock and without a shared cache line. All zero is a
 * valid beginning; plain values throughout, so a worker that is killed leaves right ones.
 */
enum counters_id {
#define COUNTER(id, metric, labels, help) COUNTERS_##id,
#define GAUGE(id, metric, labels, help) COUNTERS_##id,
#define HISTOGRAM(id, metric, help)
#include "cache/counters.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
	COUNTERS_COUNT
};

enum counters_histogram_id {
#define COUNTER(id, metric, labels, help)
#define GAUGE(id, metric, labels, help)
#define HISTOGRAM(id, metric, help) COUNTERS_HISTOGRAM_##id,
#include "cache/counters.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
	COUNTERS_HISTOGRAMS
};

enum { COUNTERS_BOUNDS = 12 }; /* of a histogram; what is beyond the last has a bucket of its own */
extern const uint32_t counters_bounds_ms[COUNTERS_BOUNDS];

struct counters_histogram {
	_Atomic uint64_t buckets[COUNTERS_BOUNDS + 1], sum_ms;
};

struct counters {
	_Alignas(64) _Atomic uint64_t values[COUNTERS_COUNT];
	struct counters_histogram histograms[COUNTERS_HISTOGRAMS];
};

/* One writer: no read-modify-write is needed, and readers never see half of a value. */
static inline void counters_add(struct counters *c, enum counters_id id, uint64_t n)
{
	const uint64_t was = atomic_load_explicit(&c->values[id], memory_order_relaxed);
	atomic_store_explicit(&c->values[id], was + n, memory_order_relaxed);
}

static inline void counters_set(struct counters *c, enum counters_id id, uint64_t value)
{
	atomic_store_explicit(&c->values[id], value, memory_order_relaxed);
}

void counters_took(struct counters *c, enum counters_histogram_id id, uint64_t ms);

/* A worker is gone: what it said of itself is no more, what it counted stays. */
void counters_clear_gauges(struct counters *c);
/* Adds what `from` counted to `to`, which nobody else writes. */
void counters_sum(struct counters *to, const struct counters *from);

/* Numbers that are not a worker's own, as they are now. */
struct counters_extra {
	const char *metric, *labels, *help;
	uint64_t value;
};

/*
 * Prometheus text, version 0.0.4. Returns its length without the terminator; 0 when `room` is too small
 * (COUNTERS_TEXT_BYTES and 512 for each extra always do). Labels hold no quotes but their own.
 */
enum { COUNTERS_TEXT_BYTES = 16384 };
size_t counters_text(const struct counters *sum, const struct counters_extra *extra,
		     size_t extra_count, char *out, size_t room);
