// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/net/link/order.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"

enum { MILLION = 1000000 };

static bool number(const char *text, double most, double *out)
{
	int end = 0;
	double value;
	if (sscanf(text, "%lf%n", &value, &end) != 1 || text[end] || !(value >= 0) || value > most)
		return false;
	*out = value;
	return true;
}

static void empty(struct line *l)
{
	for (enum direction way = UP; way < DIRECTIONS; way++)
		l->way[way].shape.last_ns = 0;
}

static bool set_rate(struct line *l, char words[3][64], uint64_t now_ns)
{
	double up, down;
	(void)now_ns;
	if (!number(words[0], 1e7, &up) || !number(words[1], 1e7, &down))
		return false;
	l->way[UP].shape.rate_bps = (uint64_t)(up * 1000);
	l->way[DOWN].shape.rate_bps = (uint64_t)(down * 1000);
	l->way[UP].shape.busy_ns = l->way[DOWN].shape.busy_ns = 0;
	return true;
}

static bool set_queue(struct line *l, char words[3][64], uint64_t now_ns)
{
	double bytes;
	(void)now_ns;
	if (!number(words[0], LINE_RING, &bytes))
		return false;
	l->way[UP].shape.queue_bytes = l->way[DOWN].shape.queue_bytes = (uint64_t)bytes;
	return true;
}

static bool set_delay(struct line *l, char words[3][64], uint64_t now_ns)
{
	double ms;
	(void)now_ns;
	if (!number(words[0], 10000, &ms))
		return false;
	l->way[UP].shape.delay_ns = l->way[DOWN].shape.delay_ns = (uint64_t)(ms * MILLION);
	empty(l);
	return true;
}

static bool set_jitter(struct line *l, char words[3][64], uint64_t now_ns)
{
	double ms;
	(void)now_ns;
	if (!number(words[0], 10000, &ms))
		return false;
	l->way[UP].shape.jitter_ns = l->way[DOWN].shape.jitter_ns = (uint64_t)(ms * MILLION);
	return true;
}

static bool set_loss(struct line *l, char words[3][64], uint64_t now_ns)
{
	double percent, run = 1;
	(void)now_ns;
	if (!number(words[0], 100, &percent) || (words[1][0] && !number(words[1], 1000, &run)))
		return false;
	for (enum direction way = UP; way < DIRECTIONS; way++) {
		l->way[way].shape.loss_ppm = (uint32_t)lround(percent * 10000);
		l->way[way].shape.run_len = (uint32_t)run;
		l->way[way].shape.losing = false;
	}
	return true;
}

static bool set_router(struct line *l, char words[3][64], uint64_t now_ns)
{
	(void)now_ns;
	return inet_pton(AF_INET, words[0], &l->faults.router) == 1;
}

static bool set_cable(struct line *l, char words[3][64], uint64_t now_ns)
{
	(void)now_ns;
	if (strcmp(words[0], "in") && strcmp(words[0], "out"))
		return false;
	l->flaps = 0;
	line_plug(l, strcmp(words[0], "in") ? LINE_OUT : LINE_IN);
	return true;
}

static bool set_flap(struct line *l, char words[3][64], uint64_t now_ns)
{
	double down, up, times;
	if (!number(words[0], 1e7, &down) || !number(words[1], 1e7, &up) ||
	    !number(words[2], 1e6, &times) || down < 1 || up < 1)
		return false;
	line_plug(l, LINE_IN);
	l->flap_down_ns = (uint64_t)(down * MILLION);
	l->flap_up_ns = (uint64_t)(up * MILLION);
	l->flap_at_ns = now_ns;
	l->flaps = 2 * (unsigned)times;
	return true;
}

/* silent beyond|all|no: both ways; oneway up|down|no: one, beyond the router. */
static bool set_silent(struct line *l, char words[3][64], uint64_t now_ns)
{
	static const char *const names[] = {
		[SILENT_NO] = "no", [SILENT_BEYOND] = "beyond", [SILENT_ALL] = "all"
	};
	(void)now_ns;
	for (enum faults_silent i = SILENT_NO; i <= SILENT_ALL; i++)
		if (!strcmp(words[0], names[i])) {
			l->faults.silent[UP] = l->faults.silent[DOWN] = i;
			return true;
		}
	return false;
}

static bool set_oneway(struct line *l, char words[3][64], uint64_t now_ns)
{
	const bool up = !strcmp(words[0], "up"), down = !strcmp(words[0], "down");
	(void)now_ns;
	if (!up && !down && strcmp(words[0], "no"))
		return false;
	l->faults.silent[UP] = up ? SILENT_BEYOND : SILENT_NO;
	l->faults.silent[DOWN] = down ? SILENT_BEYOND : SILENT_NO;
	return true;
}

static bool set_resolver(struct line *l, char words[3][64], uint64_t now_ns)
{
	(void)now_ns;
	l->faults.resolver_dead = !strcmp(words[0], "dead");
	return l->faults.resolver_dead || !strcmp(words[0], "well");
}

static bool set_portal(struct line *l, char words[3][64], uint64_t now_ns)
{
	(void)now_ns;
	if (!strcmp(words[0], "no")) {
		l->faults.portal = (struct in_addr){ 0 };
		return true;
	}
	return inet_pton(AF_INET, words[0], &l->faults.portal) == 1;
}

static bool set_block(struct line *l, char words[3][64], uint64_t now_ns)
{
	(void)now_ns;
	if (!strcmp(words[0], "no")) {
		l->faults.blocked_count = 0;
		return true;
	}
	if (l->faults.blocked_count == FAULTS_BLOCKED_MAX ||
	    inet_pton(AF_INET, words[0], &l->faults.blocked[l->faults.blocked_count]) != 1)
		return false;
	l->faults.blocked_count++;
	return true;
}

/* The line is whole again; its rate and length stay. */
static bool set_whole(struct line *l, char words[3][64], uint64_t now_ns)
{
	const struct in_addr router = l->faults.router;
	(void)words;
	(void)now_ns;
	l->faults = (struct faults){ .router = router };
	l->flaps = 0;
	line_plug(l, LINE_IN);
	return true;
}

bool order_obey(struct line *l, const char *text, uint64_t now_ns)
{
	static const struct {
		const char *name;
		int words_min, words_max;
		bool (*set)(struct line *l, char words[3][64], uint64_t now_ns);
	} settings[] = {
		{ "rate", 2, 2, set_rate },         { "queue", 1, 1, set_queue },
		{ "delay", 1, 1, set_delay },       { "jitter", 1, 1, set_jitter },
		{ "loss", 1, 2, set_loss },         { "router", 1, 1, set_router },
		{ "cable", 1, 1, set_cable },       { "flap", 3, 3, set_flap },
		{ "silent", 1, 1, set_silent },     { "oneway", 1, 1, set_oneway },
		{ "resolver", 1, 1, set_resolver }, { "portal", 1, 1, set_portal },
		{ "block", 1, 1, set_block },       { "whole", 0, 0, set_whole },
	};
	char name[64] = "", words[3][64] = { "", "", "" }, more[2];
	const int got =
		sscanf(text, "%63s %63s %63s %63s %1s", name, words[0], words[1], words[2], more) -
		1;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (!strcmp(settings[i].name, name) && got >= settings[i].words_min &&
		    got <= settings[i].words_max)
			return settings[i].set(l, words, now_ns);
	return false;
}
