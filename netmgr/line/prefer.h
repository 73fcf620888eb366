// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "netmgr/line/shape.h"
#include "netmgr/line/uplink.h"

/*
 * Which line each class of traffic takes: the preferred one, unless that must not carry it. Pure.
 *
 * A setting is a list of rules with commas between them, each of classes and then hours of the local day or nothing for always:
 * "sync 06:00-18:00, firmware". Control messages are in none: reports get through over whatever works.
 */
#define PREFER_BIT(class) (1u << (class))

struct prefer_rules {
	struct prefer_rule {
		unsigned classes; /* PREFER_BIT()s */
		int from,
			to; /* minutes of the day; equal: always. 22:00-06:00 goes over midnight */
	} list[4];
	size_t count;
};

/* "06:00-18:00" as minutes of the day; 0 or -EINVAL. */
int prefer_hours(const char *word, size_t len, int *from, int *to);
bool prefer_within(int from, int to, int minute); /* also over midnight */

/* 0 or -EINVAL. "" is no rule. */
int prefer_parse(const char *text, struct prefer_rules *out);

/* The classes that the rules name at this minute of the day. -1: nobody knows the time, and then it may be any of theirs. */
unsigned prefer_named(const struct prefer_rules *rules, int minute);

struct prefer_line {
	bool works;     /* carries traffic */
	bool trusted;   /* and is not only the last resort */
	bool capped;    /* it would work, but its quota is used up: for control messages alone */
	bool held;      /* what is left of its quota is for people and reports */
	unsigned never; /* PREFER_BIT()s of classes that it does not carry now */
	unsigned spare; /* that it carries only when no other line does */
	unsigned rank;  /* the smallest is preferred */
};

struct prefer_ways {
	int line[SHAPE_CLASSES]; /* of what begins now; -1: it has to wait */
	int base;      /* where a packet goes of which nobody knows the class yet; -1: nowhere */
	unsigned held; /* PREFER_BIT()s of classes that are refused at once, whatever leads on */
	unsigned barred[UPLINK_MAX]; /* that a line does not carry, not even for who began before */
	unsigned
		chosen; /* 0: nobody has chosen a line yet; held and barred are good all the same */
};

enum { PREFER_UNCHOSEN = -2 };

/* `preferred` is the line that everything takes: -1 none, PREFER_UNCHOSEN not known yet. */
void prefer_choose(const struct prefer_line *lines, size_t count, int preferred,
		   struct prefer_ways *out);
