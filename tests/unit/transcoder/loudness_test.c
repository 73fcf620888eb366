// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/loudness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define RATE 48000

static void sine(float *out, size_t count, double hz, double db, size_t from)
{
	double peak = pow(10, db / 20);
	for (size_t i = 0; i < count; i++)
		out[i] = (float)(peak * sin(2 * M_PI * hz * (double)(from + i) / RATE));
}

static double measure(const float *pcm, size_t count)
{
	struct loudness *l = loudness_new();
	assert_non_null(l);
	assert_int_equal(loudness_add(l, pcm, count), 0);
	double lufs = loudness_lufs(l);
	loudness_free(l);
	return lufs;
}

/* EBU Tech 3341: a 1 kHz tone at -23 dBFS in one channel is 3.01 below the -23.0 LUFS of both. */
static void a_tone_has_the_loudness_of_the_standard(void **state)
{
	(void)state;
	size_t count = 20 * RATE;
	float *pcm = malloc(count * sizeof(*pcm));
	sine(pcm, count, 997, -23, 0);
	assert_float_equal(measure(pcm, count), -26.03, 0.1);
	sine(pcm, count, 997, -33, 0);
	assert_float_equal(measure(pcm, count), -36.03, 0.1);
	free(pcm);
}

/* Tech 3341 case 3: quiet parts fall under the relative gate. */
static void pauses_do_not_count(void **state)
{
	(void)state;
	size_t part = 10 * RATE, whole = 60 * RATE;
	float *pcm = calloc(whole, sizeof(*pcm));
	sine(pcm, part, 997, -36, 0);
	sine(pcm + part, 4 * part, 997, -23, 0);
	sine(pcm + 5 * part, part, 997, -36, 0);
	assert_float_equal(measure(pcm, whole), -26.03, 0.1);
	free(pcm);
}

static void silence_has_none_and_gets_no_gain(void **state)
{
	(void)state;
	float *pcm = calloc(RATE, sizeof(*pcm));
	double lufs = measure(pcm, RATE);
	assert_true(lufs == -HUGE_VAL);
	assert_true(loudness_gain_db(lufs) == 0);
	free(pcm);
	static const struct {
		double lufs, gain;
	} rows[] = { { -16, 0 }, { -23, 7 }, { -60, 20 }, { -10, -6 }, { 0, -12 } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_float_equal(loudness_gain_db(rows[i].lufs), rows[i].gain, 1e-9);
}

static void the_limiter_keeps_the_ceiling_and_the_place(void **state)
{
	(void)state;
	size_t count = 2 * RATE;
	float *pcm = malloc(count * sizeof(*pcm));
	/* loud enough after 12 dB to be held down; then quiet, where nothing may be changed but the gain */
	sine(pcm, count, 440, -6, 0);
	sine(pcm + RATE, RATE, 440, -40, RATE);
	struct limiter l;
	limiter_init(&l, 12);
	limiter_run(&l, pcm, count);
	for (size_t i = 0; i < count; i++)
		assert_true(fabsf(pcm[i]) <= 0.8414f);
	double gain = pow(10, 12.0 / 20), peak = pow(10, -40.0 / 20);
	for (size_t i = count - 4800; i < count; i++) {
		double want = gain * peak * sin(2 * M_PI * 440 * (double)(i - LIMITER_LAG) / RATE);
		assert_float_equal(pcm[i], want, 0.0005);
	}
	free(pcm);
}

static void broken_samples_become_silence(void **state)
{
	(void)state;
	float pcm[LIMITER_LAG + 8] = { NAN, INFINITY, -INFINITY, 1e30f };
	struct limiter l;
	limiter_init(&l, 0);
	limiter_run(&l, pcm, ARRAY_LEN(pcm));
	for (size_t i = 0; i < ARRAY_LEN(pcm); i++)
		assert_true(fabsf(pcm[i]) <= 0.8414f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tone_has_the_loudness_of_the_standard),
		cmocka_unit_test(pauses_do_not_count),
		cmocka_unit_test(silence_has_none_and_gets_no_gain),
		cmocka_unit_test(the_limiter_keeps_the_ceiling_and_the_place),
		cmocka_unit_test(broken_samples_become_silence),
	};
	return cmocka_run_group_tests_name("transcoder/loudness", tests, NULL, NULL);
}
