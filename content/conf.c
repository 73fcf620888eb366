// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "content/kitchen/kitchen.h"
#include "content/fetch/planner.h"
#include "content/fetch/sources.h"
#include "content/staff/near.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static const struct conf_key content_keys[] = {
	CONF_STR(struct content_part, folder, "folder", "/var/lib/wasl/content",
		 "where lessons, index, database and pages are kept"),
	CONF_INT(struct content_part, patience_s, "patience", "20", 1, 600,
		 "seconds that a player waits for its next byte before it is told to come back"),
	CONF_STR(struct content_part, neighbours, "neighbours", "",
		 "addresses or networks of boxes that may fetch what is here, as 10.4.0.0/16; "
		 "empty: "
		 "none"),
};

static const struct conf_key origin_keys[] = {
	CONF_STR(struct origin_part, url, "url", "",
		 "where catalogue and lessons come from: any static HTTP server; empty: none"),
	CONF_INT(struct origin_part, interval_s, "interval", "900", 5, 86400,
		 "seconds between looks for a newer catalogue"),
	CONF_INT(struct origin_part, stall_s, "stall", "20", 1, 600,
		 "seconds without a byte after which a request is given up and resumed"),
	CONF_INT(struct origin_part, streams, "streams", "2", 1, 8, "requests under way at once"),
};

static const char *const source_kinds[] = { "neighbour", "mirror", NULL };

static const struct conf_key source_keys[] = {
	CONF_STR(struct source_part, url, "url", "",
		 "a box that answers neighbours, or a server that has what the origin has"),
	CONF_WORD(struct source_part, kind, "kind", "neighbour", source_kinds,
		  "a neighbour is asked before the origin, a mirror after it"),
};

static const char *const by_day_words[] = { "none", "unmetered", "any", NULL };

static const struct conf_key fetch_keys[] = {
	CONF_STR(struct fetch_part, window, "window", "20:00-06:00",
		 "the night, in local time: lines that cost money bring lessons in it alone; "
		 "empty: the whole day"),
	CONF_WORD(struct fetch_part, by_day, "by_day", "unmetered", by_day_words,
		  "lines that bring lessons outside of the night, too"),
	CONF_BYTES(struct fetch_part, night_bytes, "night", "0", 0, INT64_MAX,
		   "most that a line that costs money brings in a night; 0: what its quota allows, "
		   "50M where it has none"),
	CONF_INT(struct fetch_part, share, "share", "50", 0, 100,
		 "percent of such a line's quota that is for lessons that nobody waits for"),
};

static const struct conf_key store_keys[] = {
	CONF_BYTES(struct store_part, max_bytes, "max", "0", 0, INT64_MAX,
		   "bytes that lessons may take; 0: what the disk has, less `keep_free`"),
	CONF_BYTES(struct store_part, keep_free_bytes, "keep_free", "256M", 0, INT64_MAX,
		   "bytes of the disk that stay free"),
	CONF_INT(struct store_part, scrub_days, "scrub", "7", 0, 365,
		 "days between looks at every byte that is kept, while nobody waits; 0: none"),
	CONF_BYTES(struct store_part, pass_bytes, "pass", "16M", 1 << 20, 1 << 30,
		   "memory that lessons pass through when the disk is full and nothing may go"),
};

static const struct conf_key kitchen_keys[] = {
	CONF_STR(struct kitchen_part, program, "program", "",
		 "the program that makes segments; empty: wasl-transcoder beside wasl-contentd"),
	CONF_STR(struct kitchen_part, rungs, "rungs", "240p 360p 480p audio",
		 "versions made of each lesson: 144p, 240p, 360p, 480p, 720p, audio"),
	CONF_INT(struct kitchen_part, workers, "workers", "0", 0, 16,
		 "segments made at once; 0: one for each core"),
	CONF_INT(struct kitchen_part, cpu_s, "cpu", "120", 5, 3600,
		 "processor seconds that one job may use"),
	CONF_BYTES(struct kitchen_part, memory_bytes, "memory", "768M", 0, INT64_MAX,
		   "memory that one job may use; 0: no limit"),
	CONF_INT(struct kitchen_part, better_after_s, "better_after", "120", 0, 86400,
		 "seconds without anybody who waits, after which pictures are made once more, "
		 "slowly: as good in fewer bytes; 0: never"),
	CONF_BYTES(
		struct kitchen_part, better_room_bytes, "better_room", "512M", 0, INT64_MAX,
		"room on the disk below which no previews are made, and nothing only to be better"),
	CONF_INT(struct kitchen_part, hot_c, "hot", "75", 0, 150,
		 "degrees Celsius at which nothing is made in advance until the box has cooled "
		 "down; 0: any"),
	CONF_INT(struct kitchen_part, late_ms, "late", "250", 0, 60000,
		 "milliseconds that wasl-contentd may come late to what is due (of 20 looks the "
		 "second latest) before nothing is made in advance; 0: any"),
	CONF_STR(struct kitchen_part, sys, "sys", "/sys",
		 "where the kernel tells of heat and mains power"),
};

static const struct conf_key portal_keys[] = {
	CONF_STR(struct portal_part, school, "school", "",
		 "name at the top of the pages; empty: \"My school\""),
	CONF_STR(struct portal_part, address, "address", "",
		 "what the help page tells people to type; empty: the name in [wall], as "
		 "http://madrasa/"),
};

static const struct conf_key staff_keys[] = {
	CONF_BYTES(struct staff_part, max_bytes, "max", "4G", 1 << 20, INT64_C(64) << 30,
		   "the largest film that a teacher may bring"),
	CONF_STR(struct staff_part, stick, "stick", "",
		 "folder where a stick appears that somebody puts in; empty: none is looked at"),
	CONF_INT(struct staff_part, unfinished_days, "unfinished", "14", 1, 400,
		 "days without a piece after which an upload that is not whole is removed"),
	CONF_STR(struct staff_part, networks, "networks", "",
		 "addresses from which the staff's pages may be opened, as 192.168.3.0/24; empty: "
		 "from everywhere in the school"),
};

static const struct conf_key relay_keys[] = {
	CONF_BYTES(struct relay_part, max_bytes, "max", "96M", 1 << 20, INT64_MAX,
		   "memory that running classes may take"),
	CONF_STR(
		struct relay_part, allow, "allow", "",
		"hosts inside the school that streams may come from, as \"10.0.0.7 encoder:8080\"; "
		"the host of a class in this file need not be named"),
	CONF_INT(struct relay_part, patience_s, "patience", "15", 1, 60,
		 "seconds that a phone's request waits for a stream that begins"),
	CONF_INT(struct relay_part, linger_s, "linger", "30", 2, 600,
		 "seconds that a class goes on after the last phone asked for it"),
	CONF_INT(struct relay_part, settle_s, "settle", "20", 1, 600,
		 "seconds that the line must be better before the picture is"),
	CONF_INT(struct relay_part, stale_s, "stale", "300", 10, 86400,
		 "seconds that a class is kept while its stream does not answer"),
};

static const struct conf_key live_keys[] = {
	CONF_STR(struct live_class_conf, url, "url", "", "the stream: an HLS playlist"),
	CONF_STR(struct live_class_conf, ar, "ar", "", "title in Arabic"),
	CONF_STR(struct live_class_conf, fr, "fr", "", "title in French"),
	CONF_STR(struct live_class_conf, en, "en", "", "title in English"),
	CONF_INT(struct live_class_conf, most_kbps, "most_kbps", "0", 0, 100000,
		 "the most that the class may take of the line; 0: what the line carries"),
};

static const struct conf_key classroom_keys[] = {
	CONF_INT(struct classroom_part, air_kbps, "air_kbps", "20000", 500, 10000000,
		 "what its access point carries to all phones together, in kbit/s: measure it with "
		 "the phones of the school, which are slower than the access point's label"),
	CONF_STR(struct classroom_part, addresses, "addresses", "",
		 "phones that share it, as 192.168.2.0/24; empty: all that no other classroom "
		 "names"),
};

static const struct conf_section sections[] = {
	BOX_CONF_SECTION(struct content_conf, box),
	CONF_SETTINGS_SECTION(struct content_conf, settings),
	WALL_CONF_SECTION(struct content_conf, wall),
	{ .name = "content",
	  .keys = content_keys,
	  .key_count = ARRAY_LEN(content_keys),
	  .at = offsetof(struct content_conf, content),
	  .help = "What wasl-contentd keeps." },
	{ .name = "origin",
	  .keys = origin_keys,
	  .key_count = ARRAY_LEN(origin_keys),
	  .at = offsetof(struct content_conf, origin),
	  .help = "Where lessons come from." },
	{ .name = "source",
	  .keys = source_keys,
	  .key_count = ARRAY_LEN(source_keys),
	  .at = offsetof(struct content_conf, sources),
	  .each = sizeof(struct source_part),
	  .max = ARRAY_LEN(((struct content_conf *)0)->sources),
	  .count_at = offsetof(struct content_conf, source_count),
	  .help = "Another place where lessons can be had; whatever it sends is verified." },
	{ .name = "fetch",
	  .keys = fetch_keys,
	  .key_count = ARRAY_LEN(fetch_keys),
	  .at = offsetof(struct content_conf, fetch),
	  .help = "When lessons come that nobody waits for; what a pupil waits for comes at "
		  "once." },
	{ .name = "store",
	  .keys = store_keys,
	  .key_count = ARRAY_LEN(store_keys),
	  .at = offsetof(struct content_conf, store),
	  .help = "How much room lessons may take." },
	{ .name = "kitchen",
	  .keys = kitchen_keys,
	  .key_count = ARRAY_LEN(kitchen_keys),
	  .at = offsetof(struct content_conf, kitchen),
	  .help = "How lessons are made ready for phones." },
	{ .name = "relay",
	  .keys = relay_keys,
	  .key_count = ARRAY_LEN(relay_keys),
	  .at = offsetof(struct content_conf, relay),
	  .help = "How live classes are passed on." },
	{ .name = "live",
	  .keys = live_keys,
	  .key_count = ARRAY_LEN(live_keys),
	  .at = offsetof(struct content_conf, live),
	  .each = sizeof(struct live_class_conf),
	  .max = LIVE_CLASSES_MOST,
	  .count_at = offsetof(struct content_conf, live_count),
	  .help = "A live class; its name is the last part of its address, /live/NAME." },
	{ .name = "classroom",
	  .keys = classroom_keys,
	  .key_count = ARRAY_LEN(classroom_keys),
	  .at = offsetof(struct content_conf, classrooms),
	  .each = sizeof(struct classroom_part),
	  .max = ARRAY_LEN(((struct content_conf *)0)->classrooms),
	  .count_at = offsetof(struct content_conf, classroom_count),
	  .help = "Phones that share an access point: the more of them play, the smaller the "
		  "largest "
		  "picture that a lesson offers them; without this section all sizes are "
		  "offered." },
	{ .name = "staff",
	  .keys = staff_keys,
	  .key_count = ARRAY_LEN(staff_keys),
	  .at = offsetof(struct content_conf, staff),
	  .help = "What teachers may do on the pages below /staff/." },
	{ .name = "portal",
	  .keys = portal_keys,
	  .key_count = ARRAY_LEN(portal_keys),
	  .at = offsetof(struct content_conf, portal),
	  .help = "The pages of the classroom." },
};

const struct conf_schema content_schema = { "wasl-contentd", sections, ARRAY_LEN(sections) };

int content_conf_rungs(const char *words, uint32_t *out, struct fault *why)
{
	char copy[64];
	snprintf(copy, sizeof(copy), "%s", words);
	char *rest = copy;
	uint32_t mask = 0;
	for (char *word; (word = strsep(&rest, " ,"));) {
		enum kitchen_rung rung;
		if (*word == '\0')
			continue;
		if (kitchen_rung_parse(word, &rung))
			return fault_set(why, -EINVAL, "conf.value",
					 "[kitchen] rungs: '%s' is none of 144p, 240p, 360p, 480p, "
					 "720p, audio",
					 word);
		mask |= 1u << rung;
	}
	if (!(mask & ~(1u << RUNG_AUDIO)))
		return fault_set(why, -EINVAL, "conf.value",
				 "[kitchen] rungs = '%s': name at least one picture, as 240p",
				 words);
	*out = mask;
	return 0;
}

/* An address, or the address of a network and the length of its prefix. */
static bool is_network(const char *word)
{
	char copy[64];
	uint8_t bytes[16];
	unsigned prefix;
	int end = 0;
	snprintf(copy, sizeof(copy), "%s", word);
	char *slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	const bool v4 = inet_pton(AF_INET, copy, bytes) == 1;
	if (strlen(word) >= sizeof(copy) || (!v4 && inet_pton(AF_INET6, copy, bytes) != 1))
		return false;
	return !slash || (sscanf(slash + 1, "%3u%n", &prefix, &end) == 1 && !slash[1 + end] &&
			  prefix <= (v4 ? 32 : 128));
}

int content_conf_neighbours(const char *words, char out[static 512], struct fault *why)
{
	char copy[512];
	snprintf(copy, sizeof(copy), "%s", words);
	char *rest = copy;
	size_t len = 0, count = 0;
	out[0] = '\0';
	for (char *word; (word = strsep(&rest, " ,"));) {
		if (*word == '\0')
			continue;
		if (!is_network(word) || ++count > 32)
			return fault_set(why, -EINVAL, "conf.value",
					 "[content] neighbours: '%s': at most 32 addresses or "
					 "networks, as 10.4.0.7 or 10.4.0.0/16",
					 word);
		len += (size_t)snprintf(out + len, 512 - len, "%s\n", word);
	}
	return 0;
}

int content_conf_sources(const struct content_conf *c, uint64_t salt, struct origin *origin,
			 struct sources *out, struct fault *why)
{
	static const enum source_kind kinds[] = { SOURCE_NEIGHBOUR, SOURCE_MIRROR };
	int r = 0;
	sources_init(out, origin);
	for (size_t i = 0; i < c->source_count && r == 0; i++) {
		const struct source_part *s = &c->sources[i];
		r = sources_add(out, s->name, kinds[s->kind], s->url, (unsigned)c->origin.stall_s,
				salt, why);
	}
	return r;
}

int content_conf_planner(const struct content_conf *c, struct planner_rules *out, struct fault *why)
{
	*out = (struct planner_rules){ .by_day = (enum planner_by_day)c->fetch.by_day,
				       .night_bytes = c->fetch.night_bytes,
				       .share = (unsigned)c->fetch.share };
	if (planner_window(c->fetch.window, out))
		return fault_set(why, -EINVAL, "conf.value",
				 "[fetch] window = '%s': write the night as 20:00-06:00",
				 c->fetch.window);
	return 0;
}

int content_conf_air(const struct content_conf *c, struct air_plan *out, struct fault *why)
{
	*out = (struct air_plan){ 0 };
	for (size_t i = 0; i < c->classroom_count; i++) {
		const struct classroom_part *from = &c->classrooms[i];
		struct air_room *to = &out->rooms[out->count++];
		memcpy(to->name, from->name, sizeof(to->name));
		to->kbps = (uint32_t)from->air_kbps;
		if (air_prefix(from->addresses, to))
			return fault_set(why, -EINVAL, "conf.value",
					 "[classroom %s] addresses = '%s': write a network as "
					 "192.168.2.0/24, or leave it out",
					 from->name, from->addresses);
		for (size_t k = 0; k < i; k++)
			if (to->family == out->rooms[k].family && to->bits == out->rooms[k].bits &&
			    !memcmp(to->address, out->rooms[k].address, sizeof(to->address)))
				return fault_set(why, -EINVAL, "conf.value",
						 "[classroom %s] and [classroom %s] have the same "
						 "addresses; give each its own",
						 c->classrooms[k].name, from->name);
	}
	return 0;
}

void content_conf_address(const struct content_conf *c, char out[static CONTENT_ADDRESS_ROOM])
{
	if (c->portal.address[0])
		snprintf(out, CONTENT_ADDRESS_ROOM, "%s", c->portal.address);
	else
		snprintf(out, CONTENT_ADDRESS_ROOM, "http://%s/", c->wall.portal);
}

int content_conf_check(const void *conf, struct fault *why)
{
	const struct content_conf *c = conf;
	uint32_t rungs;
	struct origin origin;
	int r = content_conf_rungs(c->kitchen.rungs, &rungs, why);
	for (size_t i = 0; r == 0 && i < c->live_count; i++) {
		r = live_conf_check(&c->live[i], why);
		if (r)
			fault_within(why, "[live %s]", c->live[i].name);
	}
	if (r == 0)
		r = wall_conf_check_portal(&c->wall, why);
	if (r == 0)
		r = content_conf_air(c, &(struct air_plan){ 0 }, why);
	if (r == 0)
		r = near_check(c->staff.networks, why);
	if (r == 0)
		r = content_conf_planner(c, &(struct planner_rules){ 0 }, why);
	char neighbours[512];
	if (r == 0)
		r = origin_set(&origin, c->origin.url, 1, 0, why);
	if (r == 0)
		r = content_conf_neighbours(c->content.neighbours, neighbours, why);
	return r ? r : content_conf_sources(c, 0, &origin, &(struct sources){ 0 }, why);
}
