// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * wasl-contentd's own numbers as Prometheus text (version 0.0.4), beside those of the web server (cache/counters.h). Pure.
 */
struct metrics {
#define METRIC(name, type, help) uint64_t name;
#include "content/metrics.def"
#undef METRIC
};

/* Its length without the terminator; METRICS_TEXT_BYTES are always enough. */
enum { METRICS_TEXT_BYTES = 8192 };
size_t metrics_text(const struct metrics *m, char out[static METRICS_TEXT_BYTES]);
