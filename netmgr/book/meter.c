// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/meter.h"

#include <time.h>

enum { FORGET = 1 << 17 }; /* looks in which a step shrinks to a third: two hours */

static uint64_t reserve_of(const struct meter *m)
{
	const uint64_t step = m->step_bytes > METER_STEP ? m->step_bytes : METER_STEP;
	/* Until the next look, and while the disk is busy then: three looks long at most, or it would be part of every step. */
	return step + step / 4 * 3;
}

void meter_resume(struct meter *m, enum meter_start how, uint64_t allowance_max_bytes)
{
	m->since_bytes = 0;
	m->allowance_max_bytes = allowance_max_bytes;
	m->charge = how == METER_KILLED;
	if (how == METER_POWER_LOST)
		m->rx_bytes += m->allowance_bytes;
	if (how == METER_POWER_LOST || how == METER_ANEW)
		m->raw_rx = m->raw_tx = 0;
}

struct meter_change meter_read(struct meter *m, uint64_t raw_rx, uint64_t raw_tx, int32_t period)
{
	bool restarted = raw_rx < m->raw_rx || raw_tx < m->raw_tx;
	struct meter_change change = {
		.rx_bytes = restarted ? raw_rx : raw_rx - m->raw_rx,
		.tx_bytes = restarted ? raw_tx : raw_tx - m->raw_tx,
	};
	if (period > m->period) {
		m->period = period;
		m->rx_bytes = m->tx_bytes = 0;
	}
	/* A modem that was unplugged, or a simulated line: what it carried unseen is within the allowance. */
	if (restarted && m->charge)
		m->rx_bytes += m->allowance_bytes;
	m->charge = false;
	m->raw_rx = raw_rx;
	m->raw_tx = raw_tx;
	m->rx_bytes += change.rx_bytes;
	m->tx_bytes += change.tx_bytes;
	const uint64_t carried = change.rx_bytes + change.tx_bytes;
	m->since_bytes += carried;
	m->step_bytes -= m->step_bytes / FORGET + (m->step_bytes > METER_STEP);
	if (carried > m->step_bytes)
		m->step_bytes = carried;
	return change;
}

bool meter_must_store(const struct meter *m)
{
	return m->since_bytes > 0 && m->since_bytes + reserve_of(m) > m->allowance_bytes;
}

void meter_stored(struct meter *m)
{
	uint64_t next = m->since_bytes * 4;
	if (next < METER_ALLOWANCE_MIN)
		next = METER_ALLOWANCE_MIN;
	if (next > m->allowance_max_bytes)
		next = m->allowance_max_bytes;
	m->allowance_bytes = next > reserve_of(m) ? next : reserve_of(m);
	m->since_bytes = 0;
}

int32_t meter_period(int32_t day, int first_day)
{
	time_t at = (time_t)day * 86400;
	struct tm tm;
	if (!gmtime_r(&at, &tm))
		return 0;
	return (tm.tm_year - 70) * 12 + tm.tm_mon - (tm.tm_mday < first_day);
}
