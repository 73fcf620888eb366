// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "netmgr/sim/gate.h"

enum { LOOK_US = 200000 };

struct kernel {
	const struct net_conf *conf;
	struct kernel_calls calls;
	struct gate *gate;
	sd_event_source *timer;
	enum gate_line lines[UPLINK_MAX];
	bool modem[UPLINK_MAX]; /* its bearer is connected */
	bool reported;
};

static const char *const line_names[] = { "whole", "cut", "silent" };

int kernel_check(const struct net_conf *conf, struct fault *why)
{
	(void)conf;
	(void)why;
	return 0;
}

static void report_line(struct kernel *k, unsigned uplink)
{
	const bool there = k->modem[uplink] || !modem_conf_has(&k->conf->uplinks[uplink]);
	const bool in = there && k->lines[uplink] != GATE_CUT;
	struct core_observation link = {
		.kind = CORE_LINK, .uplink = uplink, .present = there, .carrier = in
	};
	struct core_observation address = {
		.kind = CORE_ADDRESS, .uplink = uplink, .address = there, .gateway = there
	};
	k->calls.seen(k->calls.data, &link);
	k->calls.seen(k->calls.data, &address);
}

/* Lines first, then their counters several times a second, as a real kernel is looked at. */
static int on_look(sd_event_source *source, uint64_t usec, void *data)
{
	struct kernel *k = data;
	(void)usec;
	for (unsigned i = 0; i < k->conf->uplink_count; i++) {
		if (!k->reported)
			report_line(k, i);
		struct core_observation seen = { .kind = CORE_TRAFFIC, .uplink = i };
		gate_counters(k->gate, i, &seen.rx_bytes, &seen.tx_bytes);
		k->calls.seen(k->calls.data, &seen);
	}
	k->reported = true;
	(void)sd_event_source_set_time_relative(source, LOOK_US);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

void kernel_close(struct kernel *k)
{
	if (!k)
		return;
	sd_event_source_disable_unref(k->timer);
	gate_close(k->gate);
	free(k);
}

CLEAN_FN(kernel, struct kernel, kernel_close)

int kernel_open(struct sd_event *loop, const struct net_conf *conf,
		const struct kernel_calls *calls, struct kernel **out, struct fault *why)
{
	CLEANUP(clean_kernel) struct kernel *k = calloc(1, sizeof(*k));
	if (!k)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	k->conf = conf;
	k->calls = *calls;
	int r = gate_open(loop, conf, &k->gate, why);
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(loop, &k->timer, CLOCK_MONOTONIC, 0, 1000, on_look, k);
	if (r < 0)
		return fault_set(why, r, "kernel.loop", "no timer for the simulated lines: %s",
				 strerror(-r));
	*out = MOVE_PTR(k);
	return 0;
}

/* Without a hub behind the gate, the simulated router is all that can be asked. */
unsigned kernel_possible(const struct kernel *k, unsigned uplink)
{
	(void)uplink;
	return k->conf->gate.target[0] ? PROBE_BIT(PROBE_HUB) | PROBE_BIT(PROBE_ECHO)
				       : PROBE_BIT(PROBE_GATEWAY);
}

int kernel_prefer(struct kernel *k, const struct prefer_ways *ways, struct fault *why)
{
	(void)why;
	gate_prefer(k->gate, ways->line[SHAPE_BROWSE]);
	return 0;
}

int kernel_release(struct kernel *k, unsigned uplink, struct fault *why)
{
	(void)why;
	gate_reset(k->gate, uplink);
	return 0;
}

/* A gate resets what there is and keeps no grudge. */
int kernel_revive(struct kernel *k, unsigned uplink, struct fault *why)
{
	(void)k;
	(void)uplink;
	(void)why;
	return 0;
}

/* Past the gate, at once or never: over a silent line one hears nobody but oneself. */
static int dial_udp(enum gate_line line, const struct sockaddr_in *to, int *out)
{
	struct sockaddr_in self = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(self);
	if (line == GATE_CUT)
		return -ENETUNREACH;
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&self, sizeof(self)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&self, &len) < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)(line == GATE_WHOLE ? to : &self), sizeof(*to)) <
	    0)
		return -errno;
	*out = MOVE_FD(fd);
	return 0;
}

int kernel_dial(struct kernel *k, unsigned uplink, enum kernel_dial how, const union host *to,
		int *fd)
{
	if (how == KERNEL_UDP && to)
		return dial_udp(k->lines[uplink], &to->four, fd);
	return how == KERNEL_TCP ? gate_dial(k->gate, uplink, fd) : -EOPNOTSUPP;
}

int kernel_resolver(const struct kernel *k, unsigned uplink, union host *out)
{
	(void)k;
	(void)uplink;
	(void)out;
	return -EOPNOTSUPP;
}

enum kernel_family kernel_family(const struct kernel *k, unsigned uplink)
{
	(void)k;
	(void)uplink;
	return KERNEL_FOUR;
}

int kernel_device(const struct kernel *k, unsigned uplink)
{
	(void)k;
	(void)uplink;
	return 0;
}

bool kernel_shared(const struct kernel *k, unsigned uplink, struct lan_net *wire)
{
	(void)k;
	(void)uplink;
	*wire = (struct lan_net){ .len = 0 };
	return false;
}

/* Round trips over loopback are nobody's. */
int kernel_flows(const struct kernel *k, const struct passive *known,
		 struct passive_flow out[static PASSIVE_FLOWS])
{
	(void)k;
	(void)known;
	(void)out;
	return -EOPNOTSUPP;
}

/* Of the bearer only that it is there: lines run through the gate. Reported at the next look. */
void kernel_modem(struct kernel *k, unsigned uplink, const struct kernel_modem *modem)
{
	k->modem[uplink] = modem != NULL;
	k->reported = false;
}

enum probe_answer kernel_neighbour(struct kernel *k, unsigned uplink)
{
	return k->lines[uplink] == GATE_WHOLE ? PROBE_OK : PROBE_SILENT;
}

/* --- what only a simulated kernel can do --- */

static void set_line(struct kernel *k, unsigned uplink, enum gate_line line)
{
	if (k->lines[uplink] == line)
		return;
	k->lines[uplink] = line;
	gate_set_line(k->gate, uplink, line);
	log_info("event=sim.line uplink=%s line=%s", k->conf->uplinks[uplink].name,
		 line_names[line]);
	if (k->reported)
		report_line(k, uplink);
}

static void set_lines(struct ctl_request *req, struct kernel *k, enum gate_line line)
{
	const char *name = ctl_arg(req, "uplink");
	struct fault why;
	json_t *lines = json_object();
	bool found = false;
	for (unsigned i = 0; i < k->conf->uplink_count; i++) {
		const char *own = k->conf->uplinks[i].name;
		if (name && (strcmp(name, "all") == 0 || strcmp(name, own) == 0)) {
			set_line(k, i, line);
			found = true;
		}
		json_object_set_new(lines, own, json_string(line_names[k->lines[i]]));
	}
	if (found) {
		ctl_reply_json(req, 200, json_pack("{s:o}", "lines", lines));
		return;
	}
	json_decref(lines);
	fault_set(&why, -ENOENT, "sim.uplink",
		  "there is no uplink '%.31s' here; name one of the configuration, or all",
		  name ? name : "");
	ctl_reply_fault(req, 404, &why);
}

static void serve_cut(struct ctl_request *req, void *data)
{
	struct kernel *k = ((struct kernel_serving *)data)->kernel;
	const char *how = ctl_arg(req, "how");
	struct fault why;
	enum gate_line line = k->conf->gate.when_cut == NET_CUT_HANG ? GATE_SILENT : GATE_CUT;
	if (how && strcmp(how, "silent") != 0 && strcmp(how, "cable") != 0) {
		fault_set(&why, -EINVAL, "sim.how", "how '%.20s': write cable or silent", how);
		ctl_reply_fault(req, 400, &why);
		return;
	}
	if (how)
		line = strcmp(how, "silent") == 0 ? GATE_SILENT : GATE_CUT;
	set_lines(req, k, line);
}

static void serve_restore(struct ctl_request *req, void *data)
{
	set_lines(req, ((struct kernel_serving *)data)->kernel, GATE_WHOLE);
}

/* A machine that is no box gives no network to anybody. */
size_t kernel_lans(const struct kernel *k, struct kernel_lan out[static LAN_MAX])
{
	(void)k;
	(void)out;
	return 0;
}

size_t kernel_routes(struct ctl_route *out)
{
	out[0] = (struct ctl_route){ "POST", "/v1/sim/cut", serve_cut, 0 };
	out[1] = (struct ctl_route){ "POST", "/v1/sim/restore", serve_restore, 0 };
	return 2;
}
