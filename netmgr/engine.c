// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/engine.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "board/board.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "netmgr/book/account.h"
#include "netmgr/measure/measure.h"
#include "netmgr/probe/measure_key.h"
#include "netmgr/modem/modems.h"
#include "netmgr/probe/probe.h"
#include "netmgr/book/quota.h"
#include "netmgr/kernel/shaper.h"
#include "netmgr/wall/wall.h"
#include "netmgr/wifi/air.h"

enum { TICK_US = 1000000, TICK_ACCURACY_US = 100000, WAKE_ACCURACY_US = 1000 };

static const char *name_of(const struct engine *e, int uplink)
{
	return uplink >= 0 ? e->conf->uplinks[uplink].name : "none";
}

static struct account_time time_now(const struct engine *e)
{
	return (struct account_time){ .mono_ms = clock_mono_ms(),
				      .wall_s = clock_wall_s(),
				      .synced = board_clock_synced(e->board) };
}

/* A disk that refuses is said once, and once more when it works again. */
static void note_store(struct engine *e, int r, const struct fault *why)
{
	if (r < 0 && !e->store_failed)
		log_fault(LOG_LEVEL_ERROR, "store", why);
	else if (r == 0 && e->store_failed)
		log_info("event=store text=\"minutes are stored again\"");
	e->store_failed = r < 0;
}

static void release(struct engine *e, unsigned uplink, enum engine_release why_so)
{
	struct fault why;
	e->released[uplink] = why_so;
	e->drain_ms[uplink] = 0;
	if (kernel_release(e->serving.kernel, uplink, &why) < 0)
		log_fault(LOG_LEVEL_ERROR, "uplink.release", &why);
}

/* A line that answers again, or is wanted again, has nobody stuck on it. */
static void revive_those_back(struct engine *e)
{
	struct fault why;
	for (unsigned i = 0; i < e->conf->uplink_count; i++) {
		enum uplink_state state = e->core.uplinks[i].state;
		bool back = state == UPLINK_UP || state == UPLINK_HOLDDOWN;
		if (e->released[i] == ENGINE_HELD ||
		    (e->released[i] == ENGINE_FELL && !back && e->preferred != (int)i) ||
		    (e->released[i] == ENGINE_DRAINED && e->preferred != (int)i))
			continue;
		e->released[i] = ENGINE_HELD;
		if (kernel_revive(e->serving.kernel, i, &why) < 0)
			log_fault(LOG_LEVEL_ERROR, "uplink.revive", &why);
	}
}

/* A download of hours must not stay on a line whose bytes cost money when a better one is back. */
static void drain_later(struct engine *e, int before)
{
	const struct uplink_conf *lines = e->conf->uplinks;
	if (e->preferred < 0)
		return;
	e->drain_ms[e->preferred] = 0;
	if (before < 0 || before == e->preferred || !e->conf->net.drain_s ||
	    !net_conf_metered(&lines[before]) || net_conf_metered(&lines[e->preferred]))
		return;
	e->drain_ms[before] = clock_mono_ms() + (uint64_t)e->conf->net.drain_s * 1000;
}

static void drain_due(struct engine *e, uint64_t now_ms)
{
	for (unsigned i = 0; i < e->conf->uplink_count; i++) {
		if (!e->drain_ms[i] || now_ms < e->drain_ms[i])
			continue;
		log_info("event=uplink.drain uplink=%s text=\"a better line is back\"",
			 name_of(e, (int)i));
		release(e, i, ENGINE_DRAINED);
	}
}

/* Questions of the school's machines follow the line that most traffic takes. */
static void tell_upstream(struct engine *e)
{
	union host to = { 0 };
	char device[IF_NAMESIZE] = "", server[HOST_ROOM];
	if (e->preferred >= 0 &&
	    (kernel_resolver(e->serving.kernel, (unsigned)e->preferred, &to) < 0 ||
	     !if_indextoname((unsigned)kernel_device(e->serving.kernel, (unsigned)e->preferred),
			     device)))
		device[0] = '\0';
	host_text(&to, device, server);
	wall_upstream(e->wall, server, device);
}

static void prefer(struct engine *e, int uplink)
{
	int before = e->preferred;
	log_info("event=uplink.prefer uplink=%s", name_of(e, uplink));
	e->preferred = uplink;
	ways_note(e);
	tell_upstream(e);
	drain_later(e, before);
}

static void carry_out(struct engine *e, const struct core_action *a)
{
	const char *layer = uplink_layer_name(a->layer);
	switch (a->kind) {
	case CORE_ASK:
		prober_ask(e->prober, a);
		break;
	case CORE_PREFER:
		prefer(e, a->uplink);
		break;
	case CORE_RELEASE:
		release(e, (unsigned)a->uplink, ENGINE_FELL);
		break;
	case CORE_SAY_UP:
		log_info("event=uplink.up uplink=%s", name_of(e, a->uplink));
		account_event(e->account, "uplink.up", name_of(e, a->uplink), "");
		break;
	case CORE_SAY_DOWN:
		log_warn("event=uplink.down uplink=%s reason=%s", name_of(e, a->uplink), layer);
		account_event(e->account, "uplink.down", name_of(e, a->uplink), layer);
		break;
	}
}

static void note_classes(struct engine *e, uint64_t now_ms)
{
	for (unsigned i = 0; i < e->conf->uplink_count; i++) {
		enum uplink_class class = core_class(&e->core, i);
		enum uplink_layer layer = e->core.uplinks[i].layer;
		enum uplink_state state = e->core.uplinks[i].state;
		if (state != e->state[i])
			log_debug("event=uplink.state uplink=%s state=%s", name_of(e, (int)i),
				  uplink_state_name(state));
		e->state[i] = (uint8_t)state;
		if (class == e->class[i] && layer == e->layer[i])
			continue;
		e->class[i] = (uint8_t) class;
		e->layer[i] = (uint8_t)layer;
		account_see(e->account, i, class, layer, now_ms);
	}
}

static void step(struct engine *e, const struct core_observation *seen)
{
	struct core_actions actions;
	uint64_t now = clock_mono_ms();
	uint64_t next = core_step(&e->core, seen, now, &actions);
	bool said = false;
	note_classes(e, now);
	for (size_t i = 0; i < actions.count; i++) {
		carry_out(e, &actions.list[i]);
		said |= actions.list[i].kind == CORE_SAY_UP ||
			actions.list[i].kind == CORE_SAY_DOWN;
	}
	revive_those_back(e);
	ways_note(e);
	struct fault why;
	if (said)
		note_store(e, account_flush(e->account, &why), &why);
	/* The same clock: most observations change nothing, and a timer that is set anew is a call to the kernel. */
	if (next == e->wake_ms)
		return;
	e->wake_ms = next;
	(void)sd_event_source_set_time(e->wake, next == UINT64_MAX ? next : next * 1000);
	(void)sd_event_source_set_enabled(e->wake,
					  next == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

/* Said once for each level on the way up, and when a new period begins. */
static void note_level(struct engine *e, unsigned uplink, enum quota_level level, uint64_t used)
{
	enum quota_level before = e->quota_level[uplink];
	e->quota_level[uplink] = (uint8_t)level;
	if (level == before || (before == QUOTA_NONE && level == QUOTA_FREE))
		return;
	log_warn("event=uplink.quota uplink=%s level=%s bytes=%llu", name_of(e, (int)uplink),
		 quota_level_name(level), (unsigned long long)used);
	account_event(e->account, "uplink.quota", name_of(e, (int)uplink), quota_level_name(level));
}

static void watch_quota(struct engine *e, unsigned uplink)
{
	uint64_t quota = e->conf->uplinks[uplink].quota_bytes, rx, tx;
	if (!quota)
		return;
	account_used(e->account, uplink, &rx, &tx);
	note_level(e, uplink, quota_level(rx + tx, quota), rx + tx);
	bool up = rx + tx >= quota;
	if (up == e->quota_up[uplink])
		return;
	e->quota_up[uplink] = up;
	account_event(e->account, up ? "uplink.capped" : "uplink.uncapped", name_of(e, (int)uplink),
		      "");
	struct core_observation seen = { .kind = CORE_QUOTA, .uplink = uplink, .on = up };
	step(e, &seen);
}

/* Not once a second: what a power cut takes from the count of a line has to be stored before it is carried. */
static void count(struct engine *e, const struct core_observation *seen)
{
	struct fault why;
	e->rx_bytes[seen->uplink] = seen->rx_bytes;
	e->tx_bytes[seen->uplink] = seen->tx_bytes;
	account_counters(e->account, seen->uplink, seen->rx_bytes, seen->tx_bytes);
	watch_quota(e, seen->uplink);
	/* A disk that refuses is asked again at the next tick. */
	if (!e->store_failed && account_must_flush(e->account, seen->uplink))
		note_store(e, account_flush(e->account, &why), &why);
}

uint32_t engine_up_kbps(const struct engine *e, unsigned uplink)
{
	const struct uplink_conf *u = &e->conf->uplinks[uplink];
	return u->up_kbps ? (uint32_t)u->up_kbps : e->learned[uplink].kbps;
}

static void keep_queues(struct engine *e, unsigned uplink)
{
	const struct uplink_conf *u = &e->conf->uplinks[uplink];
	const bool wanted = u->on && u->shape;
	struct shaper_line line = {
		.ifindex = kernel_device(e->serving.kernel, uplink),
		.up_kbps = wanted ? engine_up_kbps(e, uplink) : 0,
		.down_kbps = wanted ? (uint32_t)u->down_kbps : 0,
	};
	line.shared = kernel_shared(e->serving.kernel, uplink, &line.wire);
	shaper_keep(e->shaper, uplink, &line);
}

static void on_seen(void *data, const struct core_observation *seen)
{
	struct engine *e = data;
	/* A quota may begin anew without a byte. */
	if (seen->kind == CORE_TRAFFIC && !e->conf->uplinks[seen->uplink].quota_bytes &&
	    traffic_at_rest(&e->core.uplinks[seen->uplink].traffic, seen->rx_bytes, seen->tx_bytes))
		return;
	if (seen->kind == CORE_TRAFFIC)
		count(e, seen);
	if (seen->kind == CORE_LINK)
		keep_queues(e, seen->uplink);
	if (seen->kind == CORE_ADDRESS && !seen->address)
		prober_forget(e->prober, seen->uplink);
	step(e, seen);
}

/* Whoever is on it is without the box for a moment: it stands in the book. */
static void on_lan_moved(void *data, const char *lan, const struct lan_net *to)
{
	const struct engine *e = data;
	char network[LAN_NET_ROOM];
	lan_write_network(to, network);
	account_event(e->account, "lan.moved", lan, network);
	wall_tick(e->wall, clock_mono_ms());
}

static void on_lan_collides(void *data, const char *lan, const char *uplink)
{
	const struct engine *e = data;
	account_event(e->account, "lan.collides", lan, uplink);
}

static unsigned possible_now(const struct engine *e, unsigned uplink)
{
	return kernel_possible(e->serving.kernel, uplink) & prober_possible(e->prober, uplink);
}

/* The hub's echo has begun to answer over this line, or ended: what is asked how often follows. */
static void note_possible(struct engine *e, unsigned uplink)
{
	unsigned possible = possible_now(e, uplink);
	if (possible == e->possible[uplink])
		return;
	log_info("event=uplink.echo uplink=%s answers=%d", name_of(e, (int)uplink),
		 !!(possible & PROBE_BIT(PROBE_ECHO)));
	e->possible[uplink] = possible;
	net_conf_line(e->conf, &e->conf->uplinks[uplink], possible, &e->core.lines[uplink]);
}

static void on_round(void *data, unsigned uplink, const struct probe_round *round)
{
	struct engine *e = data;
	struct core_observation seen = { .kind = CORE_ROUND, .uplink = uplink, .round = *round };
	note_possible(e, uplink);
	account_rtt(e->account, uplink, round->rtt_us);
	log_debug("event=probe uplink=%s gateway=%d resolver=%d far=%d,%d hub=%d rtt_us=%u",
		  name_of(e, (int)uplink), round->answer[PROBE_GATEWAY],
		  round->answer[PROBE_RESOLVER], round->answer[PROBE_FAR_A],
		  round->answer[PROBE_FAR_B], round->answer[PROBE_HUB], round->rtt_us);
	step(e, &seen);
}

static int on_wake(sd_event_source *source, uint64_t usec, void *data)
{
	static const struct core_observation nothing = { .kind = CORE_TICK };
	struct engine *e = data;
	(void)source;
	(void)usec;
	e->wake_ms = 0;
	step(e, &nothing);
	return 0;
}

/* Once a second: what left tells what the line carries. */
static void shape(struct engine *e, unsigned uplink, uint64_t now_ms)
{
	const uint64_t tx = e->tx_bytes[uplink], before = e->tx_told[uplink];
	struct lan_net wire;
	e->tx_told[uplink] = tx;
	/* The device's bytes are the classroom's, too, where that is on the same wire. */
	if (kernel_shared(e->serving.kernel, uplink, &wire))
		engine_passive_unlearn(e, uplink);
	else if (before && tx >= before)
		engine_passive_learn(e, uplink, (uint32_t)((tx - before) / 125), now_ms);
	keep_queues(e, uplink);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *data)
{
	struct engine *e = data;
	struct account_time now = time_now(e);
	struct fault why;
	(void)usec;
	for (unsigned i = 0; i < e->conf->uplink_count; i++)
		watch_quota(e, i);
	engine_passive_tick(e, now.mono_ms);
	for (unsigned i = 0; i < e->conf->uplink_count; i++)
		shape(e, i, now.mono_ms);
	for (unsigned i = 0; i < e->conf->uplink_count; i++)
		modems_line(e->modems, i, core_state(&e->core, i), e->core.uplinks[i].layer);
	ways_tick(e, now.wall_s, now.synced);
	wall_tick(e->wall, now.mono_ms);
	air_tick(e->air, now.mono_ms, e->minute, now.wall_s);
	tell_upstream(e);
	drain_due(e, now.mono_ms);
	measure_tick(e->measure, now.mono_ms, now.wall_s);
	note_store(e, account_tick(e->account, &now, &why), &why);
	/* From now, not from when it was due: after a suspend there is nothing to catch up with. */
	(void)sd_event_source_set_time_relative(source, TICK_US);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

/* --- start and end --- */

static void log_start(const struct account_start *start)
{
	static const char *const classes[UPLINK_CLASSES] = { "up", "down", "unpowered", "unknown" };
	if (start->first)
		log_info("event=book text=\"first start: minutes are counted from now on\"");
	else
		log_info("event=book away_s=%lld was=%s replayed=%u", (long long)start->away_s,
			 classes[start->away_class], start->replayed);
	if (start->torn)
		log_warn("event=book.torn slots=%u text=\"a power cut spoilt entries that nobody "
			 "had been given\"",
			 start->torn);
}

static int open_account(struct engine *e, struct fault *why)
{
	struct account_uplink uplinks[UPLINK_MAX];
	struct board_boot boot;
	struct account_start start;
	struct path folder = paths_at("/var/lib/wasl/netmgr"),
		    died = paths_at("/var/lib/wasl/netmgr/died");
	int r = board_boot(e->board, &boot, why);
	if (r < 0)
		return r;
	memset(uplinks, 0, sizeof(uplinks));
	for (size_t i = 0; i < e->conf->uplink_count; i++) {
		const struct uplink_conf *u = &e->conf->uplinks[i];
		memcpy(uplinks[i].name, u->name, sizeof(uplinks[i].name));
		uplinks[i].kind = net_conf_kind(u);
		uplinks[i].quota_day = (int)u->quota_day;
		uplinks[i].has_quota = u->quota_bytes > 0;
	}
	struct account_spec spec = { .folder = folder.at,
				     .uplinks = uplinks,
				     .count = e->conf->uplink_count,
				     .uptime_ms = boot.uptime_ms,
				     .watchdog_reset = boot.cause == BOARD_CAUSE_WATCHDOG,
				     .died = access(died.at, F_OK) == 0,
				     .keep_days = (int)e->conf->net.keep_days };
	memcpy(spec.boot_id, boot.id, sizeof(spec.boot_id));
	struct account_time now = time_now(e);
	r = account_open(&spec, &now, &e->account, &start, why);
	if (r < 0)
		return r;
	(void)unlink(died.at);
	log_start(&start);
	return 0;
}

static void open_core(struct engine *e)
{
	struct core_rules rules;
	struct core_line lines[UPLINK_MAX] = { 0 };
	net_conf_rules(e->conf, &rules);
	for (unsigned i = 0; i < e->conf->uplink_count; i++)
		net_conf_line(e->conf, &e->conf->uplinks[i], e->possible[i] = possible_now(e, i),
			      &lines[i]);
	core_init(&e->core, &rules, lines, e->conf->uplink_count, clock_mono_ms());
	memset(e->class, UPLINK_CLASS_UNKNOWN, sizeof(e->class));
}

static int open_timers(struct engine *e, struct fault *why)
{
	int r = sd_event_add_time(e->loop, &e->wake, CLOCK_BOOTTIME, UINT64_MAX, WAKE_ACCURACY_US,
				  on_wake, e);
	if (r >= 0)
		r = sd_event_source_set_enabled(e->wake, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(e->loop, &e->tick, CLOCK_BOOTTIME, TICK_US,
					       TICK_ACCURACY_US, on_tick, e);
	return r < 0 ? fault_set(why, r, "engine.loop", "no timers: %s", strerror(-r)) : 0;
}

/* Without it the hub's echo is not asked, and all else goes on. */
static void load_key(struct engine *e)
{
	struct measure_key key;
	struct fault why;
	int r = measure_key_load(paths_at(ENGINE_KEY_FILE).at, &key, &why);
	if (r == 0)
		prober_set_key(e->prober, &key);
	else if (r != -ENOENT)
		log_fault(LOG_LEVEL_WARN, "echo.key", &why);
}

static void on_wall(void *data, const char *kind, const char *reason)
{
	struct engine *e = data;
	struct fault why;
	account_event(e->account, kind, "box", reason);
	note_store(e, account_flush(e->account, &why), &why);
}

static void on_air(void *data, const char *kind, const char *subject, const char *reason)
{
	const struct engine *e = data;
	account_event(e->account, kind, subject, reason);
}

static int open_air(struct engine *e, struct fault *why)
{
	const struct air_calls calls = { .said = on_air, .data = e };
	return air_new(e->conf, &calls, &e->air, why);
}

static void on_modem(void *data, unsigned uplink, const char *what, const char *reason)
{
	const struct engine *e = data;
	account_event(e->account, what, name_of(e, (int)uplink), reason);
}

static int open_modems(struct engine *e, struct fault *why)
{
	const struct modems_calls calls = { .said = on_modem, .data = e };
	return modems_new(e->loop, e->conf, e->serving.kernel, &calls, &e->modems, why);
}

static int open_wall(struct engine *e, struct fault *why)
{
	const struct wall_calls calls = { .said = on_wall, .data = e };
	return wall_new(e->conf, &calls, clock_mono_ms(), &e->wall, why);
}

int engine_start(struct engine *e, struct sd_event *loop, const struct net_conf *conf,
		 struct fault *why)
{
	const struct kernel_calls calls = { .seen = on_seen,
					    .lan_moved = on_lan_moved,
					    .lan_collides = on_lan_collides,
					    .data = e };
	e->loop = loop;
	e->conf = conf;
	e->start_ms = clock_mono_ms();
	e->preferred = PREFER_UNCHOSEN;
	if (conf->uplink_count == 0)
		log_warn("event=conf text=\"no uplink is configured; add an [uplink NAME] section "
			 "to site.conf\"");
	int r = board_open("", &e->board, why);
	if (r == 0)
		r = open_account(e, why);
	/* Before any device is brought up. */
	if (r == 0)
		r = open_wall(e, why);
	if (r == 0)
		r = open_air(e, why);
	if (r == 0)
		r = kernel_open(loop, conf, &calls, &e->serving.kernel, why);
	if (r == 0)
		r = open_modems(e, why);
	if (r == 0)
		r = shaper_new(&e->shaper, why);
	if (r == 0)
		r = prober_new(loop, conf, e->serving.kernel, on_round, e, &e->prober, why);
	if (r == 0)
		r = measure_new(e, &e->measure, why);
	if (r == 0)
		r = open_timers(e, why);
	if (r < 0)
		return r;
	load_key(e);
	open_core(e);
	ways_begin(e);
	engine_passive_resume(e);
	/* Before a line is chosen: a used up one is not to be that for a second. */
	for (unsigned i = 0; i < conf->uplink_count; i++)
		watch_quota(e, i);
	for (unsigned i = 0; i < conf->uplink_count; i++) {
		struct core_observation seen = { .kind = CORE_SWITCH,
						 .uplink = i,
						 .on = conf->uplinks[i].on };
		step(e, &seen);
	}
	return api_listen(e, why);
}

static enum gap_ending ending_of(const struct engine *e)
{
	switch (board_ending(e->board)) {
	case BOARD_POWEROFF:
		return GAP_POWEROFF;
	case BOARD_REBOOT:
		return GAP_REBOOT;
	case BOARD_RUNS_ON:
		break;
	}
	return GAP_STOPPED;
}

void engine_stop(struct engine *e)
{
	ctl_close(e->ctl);
	measure_free(e->measure);
	modems_free(e->modems);
	prober_free(e->prober);
	if (e->account) {
		struct account_time now = time_now(e);
		account_close(e->account, ending_of(e), &now);
	}
	shaper_free(e->shaper,
		    e->conf->net.leave == NET_LEAVE_REMOVE ? SHAPER_REMOVES : SHAPER_LEAVES);
	wall_free(e->wall, e->conf->net.leave == NET_LEAVE_REMOVE ? WALL_REMOVED : WALL_STAYS);
	air_free(e->air);
	kernel_close(e->serving.kernel);
	sd_event_source_disable_unref(e->wake);
	sd_event_source_disable_unref(e->tick);
	board_close(e->board);
}
