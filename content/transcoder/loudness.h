// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Loudness of one channel at 48 kHz as ITU-R BS.1770-4 and EBU R 128 define it (K weighting, blocks of 400 ms every
 * 100 ms, gates at -70 LUFS and 10 LU below the mean), and a gain with a limiter that brings a lesson to a common level.
 */
struct loudness;
struct loudness *loudness_new(void); /* NULL: out of memory */
void loudness_free(struct loudness *l);
int loudness_add(struct loudness *l, const float *samples, size_t count); /* 0 or -ENOMEM */
double loudness_lufs(const struct loudness *l); /* -HUGE_VAL when nothing passed the gate */

/* Is what was made of both channels as good as silence beside the first alone? */
int loudness_undone(double both_lufs, double first_lufs);

#define LOUDNESS_QUIET_LUFS (-50.0) /* quieter is no voice: see whether channels undo each other */
#define LOUDNESS_TARGET_LUFS (-16.0)
/* Gain in dB to the target: at most 20 up and 12 down, 0 for silence. */
double loudness_gain_db(double lufs);

/* Applies a gain; peaks above -1.5 dBFS are turned down 5 ms before they come. Output lags input by that much. */
#define LIMITER_LAG 240u
struct limiter {
	float gain, held; /* linear */
	float ring[LIMITER_LAG];
	float need[LIMITER_LAG]; /* factor that each sample in the ring asks for */
	size_t at;
};
void limiter_init(struct limiter *l, double gain_db);
/* In place: samples[i] becomes what went in LIMITER_LAG samples before (zeros at first). */
void limiter_run(struct limiter *l, float *samples, size_t count);
