// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which lesson is brought first, when the line may be used for it, and by what day it will be here. Pure: lines, clock, ledger
 * and what is missing go in. Bytes that a pupil waits for are nobody's to plan: they come at once.
 *
 * A line that costs money brings lessons in the night window alone, and only so many bytes of a night as its quota's share
 * allows; any other line brings them at any time. A *night* is the day that begins when the window opens: what it may cost is counted
 * from there, and its number is the day on which it began (days since 1970, local time). Where the clock cannot be trusted
 * there is no window: the box waits until the classroom has been quiet for PLANNER_QUIET_S, and a night is a day of running.
 */
#define PLANNER_NO_LIMIT UINT64_MAX
#define PLANNER_DEFAULT_NIGHT (UINT64_C(50) << 20) /* metered, no quota known, nothing configured */
#define PLANNER_LEAST_BYTES 70000 /* a chunk and what the line carries around it: less is nothing */
#define PLANNER_QUIET_S 7200
#define PLANNER_LATE_DAYS 7 /* what came too late stays urgent for so long */
#define PLANNER_MOST_NIGHTS 400

enum planner_by_day { PLANNER_DAY_NONE, PLANNER_DAY_UNMETERED, PLANNER_DAY_ANY };

struct planner_rules {
	int window_from, window_to; /* minutes of the local day; equal: all of it */
	enum planner_by_day by_day; /* lines that bring lessons outside of the window, too */
	uint64_t
		night_bytes; /* most that a metered line brings in a night; 0: what its quota allows */
	unsigned share;      /* percent of a metered line's quota that is for lessons */
};

struct planner_line { /* that lessons would come over now; zeroed: nobody knows of lines */
	bool known, up, metered;
	bool capped;                      /* its quota is used up, or what is left is for others */
	bool barred;                      /* by a setting of the line, at this hour */
	uint64_t quota_bytes, used_bytes; /* of this period, by everybody; quota 0: none */
	int quota_day;                    /* 1-28; 0 not known */
	uint64_t bps;                     /* measured; 0 not known */
};

struct planner_clock {
	bool trusted;
	int64_t local_s; /* Unix time plus the zone's offset; without trust only good for counting on */
	int32_t blind_night; /* not trusted: the night that is under way, */
	int64_t blind_s;     /* and seconds of it so far, while running */
	int64_t quiet_s;     /* not trusted: since somebody used a lesson */
};

struct planner_ledger {            /* bytes of this line, for lessons that nobody waited for */
	uint64_t night, period;    /* of this night; of this quota period, this night included */
	unsigned reliable_percent; /* planner_reliable() */
};

struct planner_now {
	struct planner_rules rules;
	struct planner_line line;
	struct planner_clock clock;
	struct planner_ledger ledger;
};

/* "20:00-06:00"; "" is the whole day. -EINVAL. */
int planner_window(const char *text, struct planner_rules *out);

int32_t planner_night(const struct planner_rules *r, const struct planner_clock *c);
/* The first night of the quota period that this night is in. */
int32_t planner_period(int32_t night, int quota_day);

/* --- may it be used now --- */

enum planner_wait {
	PLANNER_GO,
	PLANNER_NIGHT, /* until the window opens */
	PLANNER_QUIET, /* until the classroom is quiet: the clock is not trusted */
	PLANNER_SPENT, /* what this night may cost is spent */
	PLANNER_QUOTA, /* the quota is used up */
	PLANNER_OFF,   /* no line is up: asked all the same, a neighbour may answer */
};

struct planner_gate {
	enum planner_wait wait;
	uint64_t left_bytes;  /* that may still be asked for; 0 unless PLANNER_GO or PLANNER_OFF */
	uint64_t night_bytes; /* that a whole night may cost; PLANNER_NO_LIMIT */
	int64_t until_s;      /* until something changes; 0 not known */
};
struct planner_gate planner_gate(const struct planner_now *now);

/* How long the line may be used, as far as the clock decides. */
struct planner_span {
	int64_t open_s;      /* from now on; 0: it may not be used now */
	int64_t window_s;    /* in each night to come */
	int64_t next_s;      /* from now until the next night begins */
	int32_t nights_left; /* of this quota period, this one included; many where there is none */
	uint64_t usual_bytes; /* that each of them is expected to bring, as others use the line */
	uint64_t later_bytes; /* that a night of the next period may cost */
};
struct planner_span planner_span(const struct planner_now *now);

/* --- what comes first --- */

struct planner_need {
	int32_t due_day; /* 0: none */
	bool pinned, programme;
	size_t rank; /* as published */
};
/* `order` receives 0 … count-1, most needed first; `today` 0: not known. How many of the first have a day. */
size_t planner_order(const struct planner_need *needs, size_t count, int32_t today, size_t *order);

/* --- when it will be here --- */

enum planner_when {
	PLANNER_HERE,
	PLANNER_MINUTES, /* .count */
	PLANNER_HOURS,   /* .count */
	PLANNER_DAY,     /* .day: that morning, or today */
	PLANNER_NIGHTS,  /* .count of them: the clock is not trusted */
	PLANNER_UNKNOWN,
};

struct planner_promise {
	enum planner_when when;
	enum planner_wait wait;
	uint32_t count;
	int32_t day, due_day;
	uint64_t bytes; /* its own that are missing */
	uint64_t
		night_bytes; /* what a night brings; PLANNER_NO_LIMIT: as much as the line carries */
	bool late;           /* after the day it is needed on */
	bool stick;          /* somebody who carries it is sooner */
	bool no_room;        /* it comes when somebody asks for it */
};

struct planner_work {          /* one lesson, in the order of coming */
	uint64_t bytes;        /* missing, of itself */
	uint64_t before_bytes; /* and of what else comes first, beside the lessons listed before */
	uint64_t cook_s;
	int32_t due_day;
	bool here, no_room;
};
void planner_promise(const struct planner_now *now, const struct planner_work *work, size_t count,
		     struct planner_promise *out);

/* What the last nights brought of what they could have, 10 to 100 percent; `meant` 0 tells nothing. */
struct planner_past {
	int32_t night;
	uint64_t spent_bytes, meant_bytes;
};
unsigned planner_reliable(const struct planner_past *past, size_t count, int32_t tonight);
/*
 * What this night brings if all goes well, what it has brought included. The window may have passed: then it is what the whole
 * night could have brought, when something was missing and the box was here the night before.
 */
enum planner_before { PLANNER_WAS_AWAY, PLANNER_WAS_HERE };
uint64_t planner_meant(const struct planner_now *now, uint64_t missing_bytes,
		       enum planner_before before);
