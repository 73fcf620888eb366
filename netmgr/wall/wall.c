// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wall/wall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "netmgr/kernel/host.h"
#include "netmgr/net_conf.h"
#include "netmgr/wall/front.h"
#include "netmgr/wall/rules.h"
#include "netmgr/wall/wall_kernel.h"

#define EMERGENCY_FILE "/var/lib/wasl/netmgr/emergency"

enum { LOOK_S = 60, SAVE_S = 60, GROUPS_MAX = 128 };

struct wall {
	const struct net_conf *conf;
	struct wall_calls calls;
	struct wall_kernel *kernel;
	struct emergency emergency;
	struct rules_spec spec; /* in force */
	char text[RULES_ROOM];  /* in force; "" none of ours */
	char reason[200];       /* why something that was wished for is not; "" */
	enum rules_bridge bridge;
	uint64_t passed_ms; /* up to when time was counted */
	uint32_t unsaved_s, look_s;
	bool unsaved_said, refused, front_said;
	char server[HOST_ROOM]; /* of the line that most traffic takes */
	char server_device[ZONE_DEVICE_ROOM];
};

static void say(struct wall *w, const char *kind, const char *reason)
{
	if (w->calls.said)
		w->calls.said(w->calls.data, kind, reason);
}

/* --- what should stand --- */

static bool is_uplink(const struct net_conf *conf, const char *device)
{
	for (size_t i = 0; i < conf->uplink_count; i++)
		if (strcmp(conf->uplinks[i].device, device) == 0)
			return true;
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void find_ports(struct wall *w, struct rules_zone *z)
{
	size_t all = wall_kernel_ports(w->kernel, z->device, z->ports);
	/* A kernel takes names that would be something else in a text of rules. */
	for (size_t i = 0; i < all; i++)
		if (net_conf_good_device(z->ports[i]))
			memmove(z->ports[z->port_count++], z->ports[i], ZONE_DEVICE_ROOM);
	qsort(z->ports, z->port_count, ZONE_DEVICE_ROOM, by_name);
}

/* Where it is now. Until its device has an address, nobody of it is let in. */
static void fill_zone(struct wall *w, const struct zone_conf *conf, struct rules_zone *z)
{
	*z = (struct rules_zone){ .kind = (enum zone_kind)conf->kind,
				  .reach = zone_reach(conf),
				  .isolate = zone_isolates(conf),
				  .dhcp = conf->dhcp,
				  .shared = is_uplink(w->conf, conf->device) };
	memcpy(z->device, conf->device, sizeof(z->device));
	(void)wall_kernel_network(w->kernel, z->device, &z->address, &z->len);
	if (z->len > 30 || z->len < 8)
		z->len = 0; /* no network that people are in */
	if (w->bridge == RULES_BY_PORT && z->isolate && !z->shared)
		find_ports(w, z);
}

static void fill_spec(struct wall *w, enum emergency_mode mode, struct rules_spec *s)
{
	const struct zones_conf *zones = &w->conf->zones;
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < zones->count; i++)
		fill_zone(w, &zones->zones[i], &s->zones[i]);
	s->zone_count = zones->count;
	for (size_t i = 0; i < w->conf->uplink_count; i++)
		if (w->conf->uplinks[i].device[0])
			memcpy(s->uplinks[s->uplink_count++], w->conf->uplinks[i].device,
			       ZONE_DEVICE_ROOM);
	s->page_count = (size_t)zone_ports(zones->wall.pages, s->pages);
	s->mode = mode;
	s->bridge = w->bridge;
}

/* --- the front door --- */

static void note_front(struct wall *w, int r, const struct fault *why)
{
	if (r < 0 && !w->front_said)
		log_fault(LOG_LEVEL_ERROR, "wall.names", why);
	w->front_said = r < 0;
}

static void tell_upstream(struct wall *w)
{
	struct fault why;
	note_front(w, front_upstream(w->server, w->server_device, &why), &why);
}

void wall_upstream(struct wall *w, const char *server, const char *device)
{
	if (w->conf->zones.count == 0 ||
	    (strcmp(server, w->server) == 0 && strcmp(device, w->server_device) == 0))
		return;
	snprintf(w->server, sizeof(w->server), "%s", server);
	snprintf(w->server_device, sizeof(w->server_device), "%s", device);
	tell_upstream(w);
}

/* --- making it so --- */

/* With as much of the bridges' part as this kernel has; what it lacks is known after the first time. */
static int put_some(struct wall *w, enum emergency_mode mode, struct rules_spec *s,
		    char text[static RULES_ROOM], struct fault *why)
{
	struct fault first = { 0 }, next;
	const enum rules_bridge before = w->bridge;
	for (; w->bridge < RULES_BRIDGES; w->bridge++) {
		fill_spec(w, mode, s);
		int r = rules_text(s, text);
		if (r < 0)
			r = fault_set(&next, r, "wall.text", "the wall's rules find no room");
		else if (strcmp(text, w->text) == 0)
			return 0;
		else
			r = wall_kernel_put(w->kernel, text, &next);
		if (r >= 0)
			return 0;
		if (w->bridge == before)
			first = next;
	}
	w->bridge = before;
	if (why)
		*why = first;
	return -EIO;
}

static int put(struct wall *w, enum emergency_mode mode, struct fault *why)
{
	struct rules_spec spec;
	char text[RULES_ROOM];
	struct fault none;
	const enum rules_bridge before = w->bridge;
	int r = put_some(w, mode, &spec, text, why);
	if (r < 0)
		return r;
	note_front(w, front_zones(w->conf, &spec, &none), &none);
	w->spec = spec;
	memcpy(w->text, text, sizeof(text));
	w->reason[0] = '\0';
	if (w->bridge == RULES_NO_BRIDGE)
		snprintf(w->reason, sizeof(w->reason),
			 "this kernel cannot keep machines of one bridge from each other");
	if (w->bridge != before)
		log_info("event=wall.bridge way=%d", (int)w->bridge);
	return 0;
}

/* What was refused is said once, and asked again once a minute. */
static void keep(struct wall *w)
{
	struct fault why;
	if (w->conf->zones.count == 0)
		return;
	if (put(w, w->emergency.mode, &why) == 0) {
		w->refused = false;
		return;
	}
	if (!w->refused) {
		log_fault(LOG_LEVEL_ERROR, "wall", &why);
		say(w, "wall.refused", why.id);
	}
	w->refused = true;
	snprintf(w->reason, sizeof(w->reason), "%.*s", (int)sizeof(w->reason) - 1, why.text);
}

/* Somebody who flushed the whole ruleset took ours away too. */
static void look(struct wall *w)
{
	if (!w->text[0] || wall_kernel_is_there(w->kernel))
		return;
	log_warn("event=wall.lost text=\"the wall's rules were gone and are put back\"");
	say(w, "wall.lost", "");
	w->text[0] = '\0';
}

/* --- the emergency --- */

static int save(const struct emergency *e, struct fault *why)
{
	char text[EMERGENCY_ROOM];
	size_t len = emergency_write(e, text);
	return fileio_replace(paths_at(EMERGENCY_FILE).at, text, len, 0640, why);
}

static void load(struct wall *w)
{
	AUTO_FREE void *text = NULL;
	size_t len;
	const struct path file = paths_at(EMERGENCY_FILE);
	int r = fileio_read(file.at, EMERGENCY_ROOM, &text, &len, NULL);
	if (r == 0)
		r = emergency_read(text, len, &w->emergency);
	if (r < 0 && r != -ENOENT)
		log_warn("event=wall.emergency file=%s text=\"it cannot be read: there is none\"",
			 file.at);
}

static void save_soon(struct wall *w, uint32_t passed_s)
{
	struct fault why;
	w->unsaved_s += passed_s;
	if (w->unsaved_s < SAVE_S)
		return;
	w->unsaved_s = 0;
	int r = save(&w->emergency, &why);
	if (r < 0 && !w->unsaved_said)
		log_fault(LOG_LEVEL_ERROR, "wall.emergency", &why);
	w->unsaved_said = r < 0;
}

static void pass(struct wall *w, uint64_t now_ms)
{
	const uint32_t passed_s = (uint32_t)((now_ms - w->passed_ms) / 1000);
	w->passed_ms += (uint64_t)passed_s * 1000;
	w->look_s += passed_s;
	if (w->emergency.mode == EMERGENCY_NONE)
		return;
	if (emergency_pass(&w->emergency, passed_s)) {
		w->unsaved_s = SAVE_S;
		log_info("event=wall.emergency mode=none text=\"its time is over\"");
		say(w, "wall.emergency", "over");
	}
	save_soon(w, passed_s);
}

void wall_tick(struct wall *w, uint64_t now_ms)
{
	pass(w, now_ms);
	const bool due = w->look_s >= LOOK_S;
	if (due) {
		w->look_s = 0;
		look(w);
	}
	if (due || !w->refused)
		keep(w);
}

/* By the system's lists alone: what groups a process has been given for its sockets counts for nothing here. */
static bool is_technician(uid_t who)
{
	struct passwd user, *found = NULL;
	struct group group, *technicians = NULL;
	char room[4096], names[4096];
	gid_t groups[GROUPS_MAX];
	int count = GROUPS_MAX;
	if (getpwuid_r(who, &user, room, sizeof(room), &found) != 0 || !found ||
	    getgrnam_r(WALL_TECHNICIANS, &group, names, sizeof(names), &technicians) != 0 ||
	    !technicians || getgrouplist(user.pw_name, user.pw_gid, groups, &count) < 0)
		return false;
	for (int i = 0; i < count; i++)
		if (groups[i] == technicians->gr_gid)
			return true;
	return false;
}

static bool may_order(uid_t who)
{
	return who == 0 || who == geteuid() || is_technician(who);
}

int wall_order(struct wall *w, enum emergency_mode mode, uint32_t for_s, uid_t who, uint64_t now_ms,
	       struct fault *why)
{
	const struct emergency before = w->emergency;
	struct emergency next = { .mode = mode };
	if (!may_order(who))
		return fault_set(
			why, -EPERM, "wall.not_you",
			"the user %u may not open or close the box's networks; root may, and "
			"members of " WALL_TECHNICIANS,
			(unsigned)who);
	if (w->conf->zones.count == 0)
		return fault_set(
			why, -EINVAL, "wall.none",
			"no network of the box's own side is configured, so there is "
			"nothing to open or close; add a [zone NAME] section to site.conf");
	if (for_s > EMERGENCY_MOST_S)
		return fault_set(why, -EINVAL, "wall.time", "at most %d minutes",
				 EMERGENCY_MOST_S / 60);
	if (mode != EMERGENCY_NONE)
		next.left_s = for_s ? for_s : (uint32_t)w->conf->zones.wall.emergency_min * 60;
	pass(w, now_ms);
	int r = save(&next, why);
	if (r < 0)
		return r;
	r = put(w, mode, why);
	if (r < 0) {
		struct fault none;
		(void)save(&before, &none);
		return r;
	}
	w->emergency = next;
	w->unsaved_s = 0;
	log_info("event=wall.emergency mode=%s left_s=%u uid=%u", emergency_name(mode), next.left_s,
		 (unsigned)who);
	say(w, "wall.emergency", emergency_name(mode));
	return 0;
}

/* --- what is said of it --- */

json_t *wall_json(const struct wall *w)
{
	const struct zones_conf *conf = &w->conf->zones;
	json_t *zones = json_array();
	for (size_t i = 0; i < w->spec.zone_count; i++) {
		const struct rules_zone *z = &w->spec.zones[i];
		char address[INET_ADDRSTRLEN] = "", net[INET_ADDRSTRLEN + 4] = "";
		if (z->len && inet_ntop(AF_INET, &z->address, address, sizeof(address)))
			snprintf(net, sizeof(net), "%s/%u", address, z->len);
		json_array_append_new(zones, json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "name",
						       conf->zones[i].name, "kind",
						       zone_kind_words[z->kind], "device",
						       z->device, "address", net, "reach",
						       zone_reach_words[rules_reach(&w->spec, z)],
						       "isolated",
						       z->isolate && !z->shared &&
							       w->spec.bridge != RULES_NO_BRIDGE));
	}
	return json_pack("{s:b, s:s, s:I, s:s, s:o}", "standing", w->text[0] != '\0', "emergency",
			 emergency_name(w->emergency.mode), "left_s",
			 (json_int_t)w->emergency.left_s, "reason", w->reason, "zones", zones);
}

/* --- start and end --- */

static void remove_all(struct wall *w)
{
	struct fault why;
	(void)wall_kernel_put(w->kernel, rules_none, &why);
	(void)wall_kernel_put(w->kernel, rules_none_bridge, &why);
	w->text[0] = '\0';
}

void wall_free(struct wall *w, enum wall_end end)
{
	if (!w)
		return;
	if (end == WALL_REMOVED)
		remove_all(w);
	wall_kernel_close(w->kernel);
	free(w);
}

int wall_new(const struct net_conf *conf, const struct wall_calls *calls, uint64_t now_ms,
	     struct wall **out, struct fault *why)
{
	struct wall *w = calloc(1, sizeof(*w));
	if (!w)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	w->conf = conf;
	w->calls = *calls;
	w->passed_ms = now_ms;
	int r = wall_kernel_open(&w->kernel, why);
	if (r < 0) {
		wall_free(w, WALL_STAYS);
		return r;
	}
	load(w);
	if (conf->zones.count == 0) {
		remove_all(w);
		log_warn("event=wall.none text=\"no network of the box's own side is configured: "
			 "whoever reaches the box reaches everything on it; add a [zone NAME] "
			 "section to site.conf\"");
	}
	if (conf->zones.count)
		tell_upstream(w);
	keep(w);
	*out = w;
	return 0;
}
