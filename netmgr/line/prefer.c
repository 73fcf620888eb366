// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/prefer.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/clean.h"

enum { HOUR = 60, DAY = 24 * HOUR };
enum { ALL = PREFER_BIT(SHAPE_CLASSES) - 1, NOT_CONTROL = ALL & ~PREFER_BIT(SHAPE_CONTROL) };

/* --- a setting --- */

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "06:00"; -1 for anything else. */
static int minute_of(const char *t)
{
	if (!digit(t[0]) || !digit(t[1]) || t[2] != ':' || !digit(t[3]) || !digit(t[4]))
		return -1;
	const int hour = (t[0] - '0') * 10 + t[1] - '0', minute = (t[3] - '0') * 10 + t[4] - '0';
	return minute < HOUR && hour * HOUR + minute <= DAY ? hour * HOUR + minute : -1;
}

int prefer_hours(const char *word, size_t len, int *from, int *to)
{
	enum { HOURS = 11 }; /* 06:00-18:00 */
	if (len != HOURS || word[5] != '-')
		return -EINVAL;
	const int begin = minute_of(word), end = minute_of(word + 6);
	if (begin < 0 || end < 0 || begin == end)
		return -EINVAL;
	*from = begin;
	*to = end;
	return 0;
}

bool prefer_within(int from, int to, int minute)
{
	const bool after = minute >= from, before = minute < to;
	return from == to || (from < to ? after && before : after || before);
}

static int parse_class(const char *word, size_t len, struct prefer_rule *rule)
{
	for (unsigned c = SHAPE_CONTROL + 1; c < SHAPE_CLASSES; c++) {
		const char *name = shape_class_name((enum shape_class)c);
		if (strlen(name) != len || memcmp(name, word, len) != 0)
			continue;
		rule->classes |= PREFER_BIT(c);
		return 0;
	}
	return -EINVAL;
}

/* Up to the next comma: classes, then hours or none. */
static int parse_rule(const char *text, size_t len, struct prefer_rule *out)
{
	struct prefer_rule rule = { 0 };
	bool hours = false;
	for (size_t at = 0, n; at < len; at += n) {
		n = strspn(text + at, " ");
		if (n) {
			n = n < len - at ? n : len - at;
			continue;
		}
		n = strcspn(text + at, " ,");
		/* Hours come last, and once. */
		if (hours || (digit(text[at]) ? prefer_hours(text + at, n, &rule.from, &rule.to)
					      : parse_class(text + at, n, &rule)) < 0)
			return -EINVAL;
		hours = digit(text[at]);
	}
	*out = rule;
	return rule.classes ? 0 : -EINVAL;
}

int prefer_parse(const char *text, struct prefer_rules *out)
{
	struct prefer_rules rules = { .count = 0 };
	const char *at = text + strspn(text, " ");
	while (*at) {
		const size_t len = strcspn(at, ",");
		if (rules.count == ARRAY_LEN(rules.list) ||
		    parse_rule(at, len, &rules.list[rules.count++]) < 0)
			return -EINVAL;
		at += len;
		/* A comma promises one more. */
		if (*at == ',' && at[1 + strspn(at + 1, " ")] == '\0')
			return -EINVAL;
		at += *at == ',';
	}
	*out = rules;
	return 0;
}

unsigned prefer_named(const struct prefer_rules *rules, int minute)
{
	unsigned classes = 0;
	for (size_t i = 0; i < rules->count; i++) {
		const struct prefer_rule *r = &rules->list[i];
		if (minute < 0 || prefer_within(r->from, r->to, minute))
			classes |= r->classes;
	}
	return classes;
}

/* --- lines --- */

static unsigned barred_of(const struct prefer_line *l)
{
	unsigned barred = l->never;
	if (l->held)
		barred |= PREFER_BIT(SHAPE_SYNC) | PREFER_BIT(SHAPE_FIRMWARE);
	if (l->capped)
		barred |= NOT_CONTROL;
	return barred & NOT_CONTROL;
}

/* The smaller, the better. */
static unsigned order_of(const struct prefer_line *l, unsigned bit)
{
	enum { SPARE = 1 << 30, UNTRUSTED = 1 << 29, CAPPED = 1 << 28 };
	return l->rank + (l->spare & bit ? SPARE : 0) + (l->trusted ? 0 : UNTRUSTED) +
	       (l->works ? 0 : CAPPED);
}

static int best_for(const struct prefer_line *lines, size_t count, const unsigned *barred,
		    enum shape_class class)
{
	const unsigned bit = PREFER_BIT(class);
	int best = -1;
	for (size_t i = 0; i < count; i++) {
		const bool may = lines[i].works || (class == SHAPE_CONTROL && lines[i].capped);
		if (may && !(barred[i] & bit) &&
		    (best < 0 || order_of(&lines[i], bit) < order_of(&lines[best], bit)))
			best = (int)i;
	}
	return best;
}

void prefer_choose(const struct prefer_line *lines, size_t count, int preferred,
		   struct prefer_ways *out)
{
	unsigned nobody_carries = count ? NOT_CONTROL : 0;
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < count; i++)
		nobody_carries &= out->barred[i] = barred_of(&lines[i]);
	for (unsigned c = 0; c < SHAPE_CLASSES; c++) {
		const unsigned bit = PREFER_BIT(c);
		if (preferred >= 0 && !((out->barred[preferred] | lines[preferred].spare) & bit))
			out->line[c] = preferred;
		/* Where nobody was preferred though something works, it is for reports alone. */
		else if (preferred >= 0 || (preferred == -1 && c == SHAPE_CONTROL))
			out->line[c] = best_for(lines, count, out->barred, (enum shape_class)c);
		else
			out->line[c] = -1;
		if (out->line[c] < 0)
			out->held |= bit;
	}
	out->chosen = preferred != PREFER_UNCHOSEN;
	out->base =
		out->line[SHAPE_BROWSE] >= 0 ? out->line[SHAPE_BROWSE] : out->line[SHAPE_CONTROL];
	/* Where nothing leads on, there is no need to refuse: and the wires of the lines stay within reach. */
	if (out->base < 0)
		out->held = nobody_carries;
}
