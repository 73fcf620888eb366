// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "content/kitchen/kitchen_check.h"
#include "content/transcoder/frag.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct pack_sample samples[FRAG_SAMPLES_MAX];

static void add_up(const struct frag *f, uint64_t *size)
{
	uint64_t ticks = 0;
	*size = 0;
	for (size_t i = 0; i < f->count; i++) {
		*size += samples[i].size;
		ticks += samples[i].duration;
	}
	if (!f->count || f->count > FRAG_SAMPLES_MAX || ticks != f->duration)
		abort();
}

/* What is accepted lies inside the bytes, and adds up. */
static void check_part(const uint8_t *bytes, size_t len, uint64_t whole)
{
	struct frag f;
	uint64_t size;
	if (frag_part(bytes, len, whole, &f, samples, FRAG_SAMPLES_MAX))
		return;
	add_up(&f, &size);
	if (f.data_at + f.data_len != f.size || f.size > whole || size != f.data_len ||
	    f.data_at > len)
		abort();
}

static void check_segment(const uint8_t *bytes, size_t len)
{
	struct frag f;
	uint64_t size;
	uint32_t key;
	if (frag_segment(bytes, len, &f, samples, FRAG_SAMPLES_MAX, &key))
		return;
	add_up(&f, &size);
	if (f.size != len || key > len || f.data_at + f.data_len != key || size > len)
		abort();
}

static void check_init(const uint8_t *bytes, size_t len)
{
	struct frag_init i;
	if (frag_init(bytes, len, &i))
		return;
	if (!i.timescale || i.entry < bytes || i.entry + i.entry_len > bytes + len ||
	    (i.config && (i.config < i.entry || i.config + i.config_len > i.entry + i.entry_len)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	check_part(bytes, len, len);
	check_part(bytes, len, len + 1000);
	check_segment(bytes, len);
	check_init(bytes, len);
	static const struct job_order order = { .segment = 2,
						.timescale = 25000,
						.from_ticks = 100000,
						.to_ticks = 200000,
						.from_sample = 192512,
						.to_sample = 384000 };
	static const struct job_rung rungs[] = {
		{ .rung = 2, .width = 426, .height = 240, .profile = 66, .level = 21 },
		{ .rung = 0, .sound = 1 }
	};
	for (size_t i = 0; i < 2; i++) {
		kitchen_check_init(bytes, len, &order, &rungs[i], NULL);
		kitchen_check_media(bytes, len, &order, &rungs[i], NULL);
	}
	return 0;
}
