// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/counters.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/sheet.h"

enum shape { GROWS, NOW };

static const struct shown {
	enum shape shape;
	const char *metric, *labels, *help;
} shown[COUNTERS_COUNT] = {
#define COUNTER(id, metric, labels, help) { GROWS, metric, labels, help },
#define GAUGE(id, metric, labels, help) { NOW, metric, labels, help },
#define HISTOGRAM(id, metric, help)
#include "cache/counters.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
};

static const struct {
	const char *metric, *help;
} histograms[COUNTERS_HISTOGRAMS] = {
#define COUNTER(id, metric, labels, help)
#define GAUGE(id, metric, labels, help)
#define HISTOGRAM(id, metric, help) { metric, help },
#include "cache/counters.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
};

const uint32_t counters_bounds_ms[COUNTERS_BOUNDS] = { 10,   25,   50,   100,   250,   500,
						       1000, 2500, 5000, 10000, 20000, 60000 };

static void grow(_Atomic uint64_t *at, uint64_t n)
{
	atomic_store_explicit(at, atomic_load_explicit(at, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static uint64_t read_one(const _Atomic uint64_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

void counters_took(struct counters *c, enum counters_histogram_id id, uint64_t ms)
{
	struct counters_histogram *h = &c->histograms[id];
	size_t i = 0;
	while (i < COUNTERS_BOUNDS && ms > counters_bounds_ms[i])
		i++;
	grow(&h->buckets[i], 1);
	grow(&h->sum_ms, ms);
}

void counters_clear_gauges(struct counters *c)
{
	for (size_t i = 0; i < COUNTERS_COUNT; i++)
		if (shown[i].shape == NOW)
			counters_set(c, (enum counters_id)i, 0);
}

void counters_sum(struct counters *to, const struct counters *from)
{
	for (size_t i = 0; i < COUNTERS_COUNT; i++)
		grow(&to->values[i], read_one(&from->values[i]));
	for (size_t k = 0; k < COUNTERS_HISTOGRAMS; k++) {
		for (size_t i = 0; i <= COUNTERS_BOUNDS; i++)
			grow(&to->histograms[k].buckets[i],
			     read_one(&from->histograms[k].buckets[i]));
		grow(&to->histograms[k].sum_ms, read_one(&from->histograms[k].sum_ms));
	}
}

static void put_head(struct sheet *s, const char *metric, const char *help, const char *type)
{
	sheet_add(s, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

static void put_value(struct sheet *s, const char *metric, const char *labels, uint64_t value)
{
	sheet_add(s, *labels ? "%s{%s} %" PRIu64 "\n" : "%s%s %" PRIu64 "\n", metric, labels,
		  value);
}

static void put_histogram(struct sheet *s, size_t id, const struct counters_histogram *h)
{
	const char *metric = histograms[id].metric;
	uint64_t count = 0;
	put_head(s, metric, histograms[id].help, "histogram");
	for (size_t i = 0; i < COUNTERS_BOUNDS; i++) {
		count += read_one(&h->buckets[i]);
		sheet_add(s, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", metric,
			  counters_bounds_ms[i] / 1e3, count);
	}
	count += read_one(&h->buckets[COUNTERS_BOUNDS]);
	sheet_add(s, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", metric, count);
	sheet_add(s, "%s_sum %.3f\n", metric, (double)read_one(&h->sum_ms) / 1e3);
	sheet_add(s, "%s_count %" PRIu64 "\n", metric, count);
}

size_t counters_text(const struct counters *sum, const struct counters_extra *extra,
		     size_t extra_count, char *out, size_t room)
{
	struct sheet s = { .at = out, .room = room };
	for (size_t i = 0; i < COUNTERS_COUNT; i++) {
		if (shown[i].help[0])
			put_head(&s, shown[i].metric, shown[i].help,
				 shown[i].shape == GROWS ? "counter" : "gauge");
		put_value(&s, shown[i].metric, shown[i].labels, read_one(&sum->values[i]));
	}
	for (size_t k = 0; k < COUNTERS_HISTOGRAMS; k++)
		put_histogram(&s, k, &sum->histograms[k]);
	for (size_t i = 0; i < extra_count; i++) {
		if (extra[i].help[0])
			put_head(&s, extra[i].metric, extra[i].help, "gauge");
		put_value(&s, extra[i].metric, extra[i].labels, extra[i].value);
	}
	return s.full ? 0 : s.len;
}
