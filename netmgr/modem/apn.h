// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct fault;

/*
 * Access point names: what a mobile operator wants to hear before it carries bytes. Those that are not in the settings come
 * from the list of the package mobile-broadband-provider-info, by the operator's code.
 */
enum { APN_MAX = 6, APN_CODE_ROOM = 8, APN_XML_MAX = 4 << 20 };
#define APN_XML "/usr/share/mobile-broadband-provider-info/serviceproviders.xml"

struct apn {
	char name[64], user[64], password[64]; /* "" none */
};

struct apn_list {
	struct apn list[APN_MAX];
	size_t count;
};

/* Whether it may be sent to a modem: letters, digits, "-._" and no more than 63; and so for a name or password, printable ASCII. */
bool apn_good_name(const char *name);
bool apn_good_word(const char *word);

/*
 * Those for the Internet of the operator with this code ("60502": country 605, network 02), in the order of the list; pure. An
 * operator that is not in it has none. -EINVAL: no such code; -EBADMSG: that is no list.
 */
int apn_parse(const char *xml, size_t len, const char *code, struct apn_list *out);

/* The same of a file. */
int apn_load(const char *path, const char *code, struct apn_list *out, struct fault *why);
