// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/netsim/spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf.h"
#include "firmware/base/fault.h"

const char *const spec_fault_words[] = { "silent", "portal", "resolver", "loss",  "bloat", "flap",
					 "oneway", "target", "zombie",   "power", NULL };

#define WEIGHT(i, word)                                                       \
	CONF_INT(struct spec_traces, weight[i], "weight_" word, "1", 0, 1000, \
		 "how often this fault is drawn, beside the others' weights")

static const struct conf_key traces_keys[] = {
	CONF_INT(struct spec_traces, count, "count", "10000", 1, SPEC_TRACES, "how many traces"),
	CONF_INT(struct spec_traces, seconds, "seconds", "3600", 60, 86400, "length of each"),
	CONF_INT(struct spec_traces, two_percent, "two_percent", "50", 0, 100,
		 "percent of the traces that have two faults; the others have one"),
	CONF_INT(struct spec_traces, shortest_s, "shortest_s", "10", 1, 86400,
		 "shortest fault; lengths are drawn evenly on a logarithmic scale"),
	CONF_INT(struct spec_traces, longest_s, "longest_s", "1800", 1, 86400, "longest fault"),
	CONF_INT(struct spec_traces, busy_s, "busy_s", "300", 1, 86400,
		 "mean time for which the school uses the Internet without a pause"),
	CONF_INT(struct spec_traces, quiet_s, "quiet_s", "300", 0, 86400,
		 "mean time for which it does not"),
	CONF_INT(struct spec_traces, loss_least, "loss_least", "5", 0, 100,
		 "least percent of round trips that a loss takes"),
	CONF_INT(struct spec_traces, loss_most, "loss_most", "30", 0, 100, "most"),
	CONF_INT(struct spec_traces, useless_loss, "useless_loss", "20", 1, 100,
		 "percent lost from which on a line counts as not usable"),
	CONF_INT(struct spec_traces, bloat_least_ms, "bloat_least_ms", "300", 0, 10000,
		 "shortest queue of a bufferbloat"),
	CONF_INT(struct spec_traces, bloat_most_ms, "bloat_most_ms", "2000", 0, 10000, "longest"),
	CONF_INT(struct spec_traces, boot_s, "boot_s", "30", 0, 600,
		 "from power to the daemon's start"),
	WEIGHT(SPEC_SILENT, "silent"),
	WEIGHT(SPEC_PORTAL, "portal"),
	WEIGHT(SPEC_RESOLVER, "resolver"),
	WEIGHT(SPEC_LOSS, "loss"),
	WEIGHT(SPEC_BLOAT, "bloat"),
	WEIGHT(SPEC_FLAP, "flap"),
	WEIGHT(SPEC_ONEWAY, "oneway"),
	WEIGHT(SPEC_TARGET, "target"),
	WEIGHT(SPEC_ZOMBIE, "zombie"),
	WEIGHT(SPEC_POWER, "power"),
};

static const struct conf_key line_keys[] = {
	CONF_WORD(struct spec_line, kind, "kind", "other", uplink_kind_words, "what the line is"),
	CONF_INT(struct spec_line, preference, "preference", "100", 0, 1000,
		 "the smallest is preferred"),
	CONF_INT(struct spec_line, rtt_ms, "rtt_ms", "40", 1, 5000, "round trip to far machines"),
	CONF_INT(struct spec_line, jitter_ms, "jitter_ms", "5", 0, 5000, "its mean variation"),
	CONF_INT(struct spec_line, loss_permille, "loss_permille", "2", 0, 1000,
		 "of round trips, while all is well"),
	CONF_INT(struct spec_line, share, "share", "100", 0, 100,
		 "percent of the traces in which the school has this line"),
};

static const struct conf_key event_keys[] = {
	CONF_WORD(struct spec_event, fault, "fault", "silent", spec_fault_words, "what happens"),
	CONF_STR(struct spec_event, line, "line", "",
		 "to which line; not needed for power and target"),
	CONF_INT(struct spec_event, at_s, "at_s", "600", 0, 86400, "when it begins"),
	CONF_INT(struct spec_event, for_s, "for_s", "60", 1, 86400, "how long it lasts"),
	CONF_INT(struct spec_event, amount, "amount", "0", 0, 10000,
		 "percent lost, or milliseconds of queue; 0: drawn"),
};

static const struct conf_section sections[] = {
	{ .name = "traces",
	  .keys = traces_keys,
	  .key_count = ARRAY_LEN(traces_keys),
	  .at = offsetof(struct spec, traces),
	  .help = "How many, how long, and what faults are drawn from." },
	{ .name = "line",
	  .keys = line_keys,
	  .key_count = ARRAY_LEN(line_keys),
	  .at = offsetof(struct spec, lines),
	  .each = sizeof(struct spec_line),
	  .max = SPEC_LINES,
	  .count_at = offsetof(struct spec, line_count),
	  .help = "A line of the school." },
	{ .name = "event",
	  .keys = event_keys,
	  .key_count = ARRAY_LEN(event_keys),
	  .at = offsetof(struct spec, events),
	  .each = sizeof(struct spec_event),
	  .max = SPEC_EVENTS,
	  .count_at = offsetof(struct spec, event_count),
	  .help = "A fault that every trace has at the same moment. With one or more of these, "
		  "none is drawn." },
};

static const struct conf_schema schema = { "wasl-netsim", sections, ARRAY_LEN(sections) };

static const char built_in[] =
	"[line adsl]\nkind = dsl\npreference = 10\nrtt_ms = 45\njitter_ms = 6\n"
	"[line sim]\nkind = mobile\npreference = 20\nrtt_ms = 80\njitter_ms = 25\n"
	"loss_permille = 5\nshare = 80\n"
	"[line vsat]\nkind = satellite\npreference = 30\nrtt_ms = 620\n"
	"jitter_ms = 30\nloss_permille = 5\nshare = 40\n";

static int check_events(const struct spec *s, struct fault *why)
{
	for (size_t e = 0; e < s->event_count; e++) {
		const struct spec_event *event = &s->events[e];
		bool found = event->fault == SPEC_POWER || event->fault == SPEC_TARGET;
		for (size_t i = 0; i < s->line_count; i++)
			found |= strcmp(event->line, s->lines[i].name) == 0;
		if (!found)
			return fault_set(why, -EINVAL, "netsim.event",
					 "[event %s] line '%s' is not in the spec; write the name "
					 "of a [line]",
					 event->name, event->line);
		if (event->fault == SPEC_LOSS && event->amount > 100)
			return fault_set(why, -ERANGE, "netsim.event",
					 "[event %s] amount '%" PRId64
					 "': of a loss it is percent; write 1 to 100",
					 event->name, event->amount);
	}
	return 0;
}

static int check_weights(const struct spec *s, struct fault *why)
{
	int64_t sum = 0;
	for (int f = 0; f < SPEC_FAULTS; f++)
		sum += s->traces.weight[f];
	return sum || s->event_count
		       ? 0
		       : fault_set(
				 why, -EINVAL, "netsim.weights",
				 "[traces] weight_silent to weight_power are all 0, so there is "
				 "no fault to draw; give one of them a weight or write an [event]");
}

int spec_read(const char *path, struct spec *out, struct fault *why)
{
	struct spec s = { 0 };
	conf_defaults(&schema, &s);
	int r = path ? conf_read(&schema, path, &s, why)
		     : conf_parse(&schema, "built-in", built_in, sizeof(built_in) - 1, &s, why);
	if (r < 0)
		return r;
	if (!s.line_count)
		r = conf_parse(&schema, "built-in", built_in, sizeof(built_in) - 1, &s, why);
	if (r == 0 &&
	    (s.traces.shortest_s > s.traces.longest_s || s.traces.loss_least > s.traces.loss_most ||
	     s.traces.bloat_least_ms > s.traces.bloat_most_ms))
		r = fault_set(why, -EINVAL, "netsim.range",
			      "[traces] a least value is above its most value; swap them");
	if (r == 0)
		r = check_events(&s, why);
	if (r == 0)
		r = check_weights(&s, why);
	if (r == 0)
		*out = s;
	return r;
}
