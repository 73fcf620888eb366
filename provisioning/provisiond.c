// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/provisiond.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "provisioning/provisiond_priv.h"

static const struct conf_key setup_keys[] = {
	CONF_STR(struct setup_conf, hub_url, "hub_url", "",
		 "enrol at this hub, whatever address the order names"),
	CONF_STR(struct setup_conf, school, "school", "",
		 "accept only orders for the school with this code"),
};
static const struct conf_section sections[] = {
	BOX_CONF_SECTION(struct provisiond_conf, box),
	{ "setup", setup_keys, ARRAY_LEN(setup_keys), .at = offsetof(struct provisiond_conf, setup),
	  .help = "How this box becomes a school's box." },
};
const struct conf_schema provisiond_schema = { "wasl-provisiond", sections, ARRAY_LEN(sections) };

int provisiond_check(const void *conf, struct fault *why)
{
	const struct provisiond_conf *c = conf;
	char url[300];
	if (c->setup.hub_url[0] && enrol_url(c->setup.hub_url, url, sizeof(url), why) < 0)
		return fault_within(why, "[setup] hub_url");
	return 0;
}

static void drop_json(json_t *held)
{
	json_decref(held);
}

CLEAN_FN(json, json_t, drop_json)

static struct path claim_path(void)
{
	return paths_at("/var/lib/wasl/setup/claim.json");
}

int provisiond_save(struct provisiond *p, struct fault *why)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	if (claim_encode(&p->claim, &text, &len) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return fileio_replace(claim_path().at, text, len, 0600, why);
}

void provisiond_save_or_log(struct provisiond *p)
{
	struct fault why = { 0 };
	if (provisiond_save(p, &why) < 0)
		log_fault(LOG_LEVEL_ERROR, "claim.save", &why);
}

static int load(struct provisiond *p, struct fault *why)
{
	struct path path = claim_path();
	int r = paths_mkdir(paths_at("/var/lib/wasl/setup").at, 0700, why);
	if (r < 0)
		return r;
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	r = fileio_read(path.at, CLAIM_FILE_LIMIT_BYTES, &bytes, &len, why);
	if (r == -ENOENT)
		return 0;
	if (r < 0 && r != -EFBIG)
		return r;
	if (r == 0)
		r = claim_decode(bytes, len, &p->claim, why);
	if (r < 0) {
		/* agentd knows whether the box is enrolled; an order under way can be brought again */
		struct path aside = paths_at("%s.bad", path.at);
		rename(path.at, aside.at);
		log_warn("event=claim.damaged file=%s kept=%s", path.at, aside.at);
	}
	return 0;
}

int provisiond_ask_agent(struct provisiond *p, struct fault *why)
{
	CLEANUP(clean_json) json_t *answer = NULL;
	struct path sock = paths_at("/run/wasl/agentd.sock");
	int r = ctl_call(sock.at, "GET", "/v1/identity", NULL, PROVISIOND_AGENT_MS, &answer, why);
	if (r < 0)
		return fault_set(why, -EAGAIN, "claim.agent",
				 "wasl-agentd, which holds this box's keys, does not answer; start "
				 "it: systemctl start wasl-agentd");
	r = enrol_read_identity(answer, &p->me, why);
	if (r < 0)
		return r;
	p->reconciled = true;
	if (claim_reconcile(&p->claim, &p->me)) {
		log_info("event=claim.reconciled state=%s school=%s", claim_state_name(&p->claim),
			 p->claim.order.school_code);
		provisiond_save_or_log(p);
	}
	return 0;
}

int provisiond_new(sd_event *loop, const struct provisiond_conf *conf, struct provisiond **out,
		   struct fault *why)
{
	size_t route_count = 0;
	const struct ctl_route *routes = provisiond_routes(&route_count);
	struct provisiond *p = calloc(1, sizeof(*p));
	if (!p || sodium_init() < 0) {
		free(p);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	p->loop = sd_event_ref(loop);
	p->conf = conf;
	p->start_ms = p->asked_ms = clock_mono_ms();
	p->leaves = sd_listen_fds(0) > 0;
	int r = load(p, why);
	if (r == 0)
		r = http_new(loop, &p->http, why);
	if (r == 0) {
		r = sd_event_add_time(loop, &p->timer, CLOCK_BOOTTIME, 0, 0, provisiond_timer, p);
		if (r < 0)
			fault_set(why, r, "daemon.loop", "no timer: %s", strerror(-r));
	}
	if (r == 0)
		r = ctl_listen(loop, paths_at("/run/wasl/provisiond.sock").at, 0660, routes,
			       route_count, p, &p->ctl, why);
	if (r < 0) {
		provisiond_free(p);
		return r;
	}
	*out = p;
	return 0;
}

void provisiond_free(struct provisiond *p)
{
	if (!p)
		return;
	ctl_close(p->ctl);
	http_free(p->http);
	sd_event_source_disable_unref(p->timer);
	sd_event_unref(p->loop);
	claim_done(&p->claim);
	free(p);
}
