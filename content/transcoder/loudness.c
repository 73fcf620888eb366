// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/loudness.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEP 4800u     /* 100 ms */
#define BLOCK_STEPS 4u /* 400 ms */
#define ABSOLUTE_GATE (-70.0)
#define RELATIVE_GATE (-10.0)
#define OFFSET (-0.691)

struct biquad {
	double b0, b1, b2, a1, a2;
	double z1, z2;
};

/* BS.1770-4, tables 1 and 2: the coefficients for 48 kHz. */
static const struct biquad head = { 1.53512485958697,
				    -2.69169618940638,
				    1.19839281085285,
				    -1.69065929318241,
				    0.73248077421585,
				    0,
				    0 };
static const struct biquad high_pass = {
	1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621, 0, 0
};

struct loudness {
	struct biquad stages[2];
	double steps[BLOCK_STEPS]; /* sums of squares of the last 100 ms pieces */
	size_t step_count;
	double sum;
	unsigned in_step;
	double *blocks; /* mean squares of 400 ms blocks */
	size_t count, room;
};

struct loudness *loudness_new(void)
{
	struct loudness *l = calloc(1, sizeof(*l));
	if (l) {
		l->stages[0] = head;
		l->stages[1] = high_pass;
	}
	return l;
}

void loudness_free(struct loudness *l)
{
	if (l)
		free(l->blocks);
	free(l);
}

static double run_biquad(struct biquad *q, double x)
{
	double y = q->b0 * x + q->z1;
	q->z1 = q->b1 * x - q->a1 * y + q->z2;
	q->z2 = q->b2 * x - q->a2 * y;
	return y;
}

static int end_step(struct loudness *l)
{
	l->steps[l->step_count++ % BLOCK_STEPS] = l->sum;
	l->sum = 0;
	l->in_step = 0;
	if (l->step_count < BLOCK_STEPS)
		return 0;
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 1024;
		double *more = realloc(l->blocks, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		l->blocks = more;
		l->room = room;
	}
	double sum = 0;
	for (size_t i = 0; i < BLOCK_STEPS; i++)
		sum += l->steps[i];
	l->blocks[l->count++] = sum / (BLOCK_STEPS * STEP);
	return 0;
}

int loudness_add(struct loudness *l, const float *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double y = run_biquad(&l->stages[1], run_biquad(&l->stages[0], (double)samples[i]));
		l->sum += y * y;
		if (++l->in_step == STEP) {
			int rc = end_step(l);
			if (rc)
				return rc;
		}
	}
	return 0;
}

static double to_lufs(double mean_square)
{
	return mean_square > 0 ? OFFSET + 10 * log10(mean_square) : -HUGE_VAL;
}

/* Mean of the blocks above `gate`; 0 when there is none. */
static double gated_mean(const struct loudness *l, double gate)
{
	double sum = 0;
	size_t n = 0;
	for (size_t i = 0; i < l->count; i++)
		if (to_lufs(l->blocks[i]) > gate) {
			sum += l->blocks[i];
			n++;
		}
	return n ? sum / (double)n : 0;
}

double loudness_lufs(const struct loudness *l)
{
	double mean = gated_mean(l, ABSOLUTE_GATE);
	if (mean <= 0)
		return -HUGE_VAL;
	double gate = to_lufs(mean) + RELATIVE_GATE;
	return to_lufs(gated_mean(l, gate > ABSOLUTE_GATE ? gate : ABSOLUTE_GATE));
}

double loudness_gain_db(double lufs)
{
	if (!isfinite(lufs))
		return 0;
	double gain = LOUDNESS_TARGET_LUFS - lufs;
	return gain > 20 ? 20 : gain < -12 ? -12 : gain;
}

/* --- limiter ------------------------------------------------------------------------------------- */

#define CEILING 0.841395f /* -1.5 dBFS */
#define RELEASE 0.99974f  /* of the distance to 1 stays, each sample: 80 ms */

void limiter_init(struct limiter *l, double gain_db)
{
	*l = (struct limiter){ .gain = (float)pow(10, gain_db / 20), .held = 1 };
	for (size_t i = 0; i < LIMITER_LAG; i++)
		l->need[i] = 1;
}

void limiter_run(struct limiter *l, float *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		float in = isfinite(samples[i]) ? samples[i] * l->gain : 0;
		float out = l->ring[l->at], must = l->need[l->at];
		float need = fabsf(in) > CEILING ? CEILING / fabsf(in) : 1;
		l->ring[l->at] = in;
		l->need[l->at] = need;
		l->at = (l->at + 1) % LIMITER_LAG;
		/* Down in a straight line that arrives in time; up slowly. */
		l->held = 1 - (1 - l->held) * RELEASE;
		for (size_t k = 0; need < 1 && k < LIMITER_LAG; k++) {
			/* the newest sample is LAG steps away: those before it share the way down */
			size_t slot = (l->at + k) % LIMITER_LAG;
			float share = 1 - (1 - need) * (float)(k + 1) / LIMITER_LAG;
			if (share < l->need[slot])
				l->need[slot] = share;
		}
		if (must < l->held)
			l->held = must;
		samples[i] = out * l->held;
	}
}

#define UNDONE_DB 15.0

int loudness_undone(double both_lufs, double first_lufs)
{
	return both_lufs < LOUDNESS_QUIET_LUFS && first_lufs > both_lufs + UNDONE_DB;
}
