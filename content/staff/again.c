// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/again.h"

#include <errno.h>

static const uint64_t hungry_ms[AGAIN_HUNGRY_MOST] = { 0, 10000, 300000, 1800000, 7200000 };

bool again_after(struct again *a, int code, uint64_t now_ms)
{
	if (code != -ENOMEM) {
		a->from_ms = now_ms + AGAIN_ROOM_MS;
		return true;
	}
	if (++a->hungry >= AGAIN_HUNGRY_MOST)
		return false;
	a->from_ms = now_ms + hungry_ms[a->hungry];
	return true;
}

bool again_due(const struct again *a, uint64_t now_ms)
{
	return a->from_ms <= now_ms;
}

bool again_alone(const struct again *a)
{
	return a->hungry > 0;
}
