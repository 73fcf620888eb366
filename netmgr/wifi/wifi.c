// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wifi/wifi.h"

#include <string.h>

enum {
	FULL = 1000,
	ENOUGH_PACKETS = 100, /* to speak of a ratio */
	CROWDED = 500,        /* half of the time is others' */
	BUSY = 850,
	MANY = 30,      /* machines that one radio serves well, and not many more */
	RESENT = 300,   /* of a thousand */
	WEAK_SHARE = 3, /* every third */
};

void wifi_begin(struct wifi_book *b)
{
	b->now_count = 0;
	b->stations = b->weak = 0;
}

static const struct wifi_station *known(const struct wifi_book *b, uint64_t who)
{
	for (size_t i = 0; i < b->before_count; i++)
		if (b->before[i].who == who)
			return &b->before[i];
	return NULL;
}

/* Since the last look; a machine that came anew begins at zero. */
static uint64_t since(uint64_t before, uint64_t now)
{
	return now >= before ? now - before : now;
}

static void add(struct wifi_sums *sums, const struct wifi_station *from,
		const struct wifi_station *to)
{
	static const struct wifi_station nothing;
	if (!from || to->rx_bytes < from->rx_bytes || to->tx_bytes < from->tx_bytes)
		from = &nothing;
	sums->rx_bytes += since(from->rx_bytes, to->rx_bytes);
	sums->tx_bytes += since(from->tx_bytes, to->tx_bytes);
	sums->tx_packets += since(from->tx_packets, to->tx_packets);
	sums->tx_retries += since(from->tx_retries, to->tx_retries);
	sums->tx_failed += since(from->tx_failed, to->tx_failed);
	sums->airtime_us += since(from->airtime_us, to->airtime_us);
}

void wifi_station(struct wifi_book *b, const struct wifi_station *s)
{
	b->stations++;
	b->weak += s->signal_known && s->signal_dbm < WIFI_WEAK_DBM;
	b->airtime_known |= s->airtime_known;
	if (b->now_count < WIFI_STATIONS)
		b->now[b->now_count++] = *s;
}

static void note_survey(struct wifi_book *b, const struct phy_survey *s, struct wifi_step *step)
{
	const bool same = s && b->survey.timed && s->timed && b->survey.mhz == s->mhz &&
			  s->time_ms >= b->survey.time_ms && s->busy_ms >= b->survey.busy_ms &&
			  s->tx_ms >= b->survey.tx_ms;
	if (same) {
		step->time_ms = s->time_ms - b->survey.time_ms;
		step->busy_ms = s->busy_ms - b->survey.busy_ms;
		step->own_ms = s->tx_ms - b->survey.tx_ms;
	}
	b->survey = s ? *s : (struct phy_survey){ 0 };
}

static int share(uint64_t part, uint64_t of)
{
	return part >= of ? FULL : (int)(part * FULL / of);
}

static void note_ratios(struct wifi_book *b)
{
	struct wifi_step all = { 0 };
	for (size_t i = 0; i < WIFI_WINDOW; i++) {
		all.packets += b->steps[i].packets;
		all.retries += b->steps[i].retries;
		all.busy_ms += b->steps[i].busy_ms;
		all.own_ms += b->steps[i].own_ms;
		all.time_ms += b->steps[i].time_ms;
	}
	const uint64_t tries = all.packets + all.retries;
	b->count.retries = tries < ENOUGH_PACKETS ? -1 : share(all.retries, tries);
	b->count.busy = all.time_ms ? share(all.busy_ms, all.time_ms) : -1;
	b->count.others = all.time_ms
				  ? share(all.busy_ms > all.own_ms ? all.busy_ms - all.own_ms : 0,
					  all.time_ms)
				  : -1;
}

/* Not before: the kernel may have been asked anew in the middle. */
static void add_all(struct wifi_book *b)
{
	for (size_t i = 0; i < b->now_count; i++)
		add(&b->sums, known(b, b->now[i].who), &b->now[i]);
}

void wifi_end(struct wifi_book *b, const struct phy_survey *survey)
{
	add_all(b);
	struct wifi_step *step = &b->steps[b->step];
	*step = (struct wifi_step){ .packets = b->sums.tx_packets - b->count.sums.tx_packets,
				    .retries = b->sums.tx_retries - b->count.sums.tx_retries };
	note_survey(b, survey, step);
	b->step = (b->step + 1) % WIFI_WINDOW;
	memcpy(b->before, b->now, b->now_count * sizeof(b->now[0]));
	b->before_count = b->now_count;
	b->count.stations = b->stations;
	b->count.weak = b->weak;
	b->count.sums = b->sums;
	b->count.airtime_known = b->airtime_known;
	b->count.survey_known = survey && survey->timed;
	note_ratios(b);
}

void wifi_forget(struct wifi_book *b)
{
	const struct wifi_sums sums = b->sums;
	memset(b, 0, sizeof(*b));
	b->sums = b->count.sums = sums;
	b->count.retries = b->count.busy = b->count.others = -1;
}

enum wifi_judgement wifi_judge(const struct wifi_count *c, uint32_t max_stations)
{
	if (c->others >= CROWDED)
		return WIFI_CROWDED;
	if (c->stations >= max_stations || (c->stations > MANY && c->busy >= BUSY))
		return WIFI_FULL;
	if (c->weak && (c->weak * WEAK_SHARE >= c->stations || c->retries >= RESENT))
		return WIFI_FAR;
	return WIFI_WELL;
}

const char *wifi_judgement_name(enum wifi_judgement j)
{
	static const char *const names[] = { "well", "crowded", "full", "far" };
	return names[j];
}
