// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/lan_book.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"

CLEAN_FN(json, json_t, json_decref)

/* "10.203.77.1/24" of any private or public network. */
static bool read_net(const json_t *text, struct lan_net *out)
{
	char word[LAN_NET_ROOM];
	unsigned len;
	char rest;
	if (!json_is_string(text) || json_string_length(text) >= sizeof(word))
		return false;
	snprintf(word, sizeof(word), "%s", json_string_value(text));
	char *slash = strchr(word, '/');
	if (!slash || sscanf(slash, "/%2u%c", &len, &rest) != 1 || len < 1 || len > 32)
		return false;
	*slash = '\0';
	out->len = len;
	return inet_pton(AF_INET, word, &out->address) == 1;
}

static bool take_name(const char *name, char *out, size_t room)
{
	size_t len = strlen(name);
	if (len == 0 || len >= room)
		return false;
	memcpy(out, name, len + 1);
	return true;
}

static bool read_entry(const char *name, const json_t *j, struct lan_entry *out)
{
	struct lan_entry e = { .moved_s = json_integer_value(json_object_get(j, "at")) };
	const char *uplink = json_string_value(json_object_get(j, "uplink"));
	const char *device = json_string_value(json_object_get(j, "device"));
	if (!take_name(name, e.name, sizeof(e.name)) ||
	    !read_net(json_object_get(j, "address"), &e.net) || !lan_good(&e.net) ||
	    !read_net(json_object_get(j, "wish"), &e.wish))
		return false;
	if (!read_net(json_object_get(j, "from"), &e.from))
		e.from.len = 0;
	if (uplink)
		(void)take_name(uplink, e.uplink, sizeof(e.uplink));
	if (device)
		(void)take_name(device, e.device, sizeof(e.device));
	*out = e;
	return true;
}

int lan_book_parse(const void *text, size_t len, struct lan_book *out)
{
	struct lan_book book = { 0 };
	if (len > LAN_BOOK_BYTES_MAX)
		return -EBADMSG;
	CLEANUP(clean_json) json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(root))
		return -EBADMSG;
	const char *name;
	json_t *value;
	json_object_foreach (json_object_get(root, "lans"), name, value)
		if (book.lan_count < LAN_MAX && read_entry(name, value, &book.lans[book.lan_count]))
			book.lan_count++;
	json_object_foreach (json_object_get(root, "uplinks"), name, value) {
		struct lan_seen seen = { .name = "" };
		if (book.seen_count < UPLINK_MAX && take_name(name, seen.name, sizeof(seen.name)) &&
		    read_net(value, &seen.net))
			book.seen[book.seen_count++] = seen;
	}
	*out = book;
	return 0;
}

static json_t *net_json(const struct lan_net *n)
{
	char text[LAN_NET_ROOM];
	lan_write(n, text);
	return json_string(text);
}

char *lan_book_text(const struct lan_book *book)
{
	json_t *lans = json_object(), *uplinks = json_object();
	for (size_t i = 0; i < book->lan_count; i++) {
		const struct lan_entry *e = &book->lans[i];
		json_t *j = json_pack("{s:o, s:o}", "address", net_json(&e->net), "wish",
				      net_json(&e->wish));
		if (e->device[0])
			json_object_set_new(j, "device", json_string(e->device));
		if (e->from.len)
			json_object_set_new(j, "from", net_json(&e->from));
		if (e->uplink[0])
			json_object_set_new(j, "uplink", json_string(e->uplink));
		if (e->moved_s)
			json_object_set_new(j, "at", json_integer((json_int_t)e->moved_s));
		json_object_set_new(lans, e->name, j);
	}
	for (size_t i = 0; i < book->seen_count; i++)
		json_object_set_new(uplinks, book->seen[i].name, net_json(&book->seen[i].net));
	CLEANUP(clean_json)
	json_t *root = json_pack("{s:o, s:o}", "lans", lans, "uplinks", uplinks);
	return root ? json_dumps(root, JSON_COMPACT) : NULL;
}
