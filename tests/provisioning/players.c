// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/provisioning/players.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "firmware/base/ctl.h"
#include "firmware/base/paths.h"
#include "tests/unit/provisioning/orders.h"

#define REQUEST_LIMIT 65536

static struct here {
	struct players *stage;
	int tell;
} here;

static void tell(char what)
{
	if (write(here.tell, &what, 1) != 1)
		_exit(3);
}

/* --- agentd ---------------------------------------------------------------------------------- */

static void identity(struct ctl_request *req, void *data)
{
	(void)data;
	struct enrol_identity me = orders_me();
	char device[33], sign_public[65], box_public[65];
	text_hex(me.device, 16, device);
	text_hex(me.sign_public, 32, sign_public);
	text_hex(me.box_public, 32, box_public);
	bool enrolled = here.stage->enrolled;
	ctl_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:s, s:s, s:i, s:b, s:s, s:s}", "device", device,
				 "sign_public", sign_public, "box_public", box_public, "claim_code",
				 me.claim_code, "epoch", enrolled, "enrolled", enrolled,
				 "school_code", enrolled ? "TN0001" : "", "school_name",
				 enrolled ? "مدرسة النور" : ""));
}

static void sign(struct ctl_request *req, void *data)
{
	(void)data;
	size_t len = 0, body_len = 0;
	const void *text = ctl_body(req, &len);
	json_t *question = json_loadb(text, len, 0, NULL);
	const char *kind = json_string_value(json_object_get(question, "kind"));
	const char *coded = json_string_value(json_object_get(question, "body"));
	AUTO_FREE void *body = NULL;
	struct signed_key key = kit_key(7);
	uint8_t signature[64];
	char hex[129];
	assert_string_equal(kind, "enrol-request");
	assert_int_equal(text_unbase64(coded, &body, &body_len), 0);
	assert_int_equal(signed_sign_raw(SIGNED_ENROL_REQUEST, body, body_len, &key, signature), 0);
	text_hex(signature, 64, hex);
	json_decref(question);
	ctl_reply_json(req, 200, json_pack("{s:s}", "signature", hex));
}

static void grant(struct ctl_request *req, void *data)
{
	(void)data;
	if (here.stage->agent == AGENT_FULL) {
		struct fault why;
		fault_set(&why, -ENOSPC, "store.full", "the disk is full; free some space");
		ctl_reply_fault(req, 507, &why);
		return;
	}
	here.stage->enrolled = 1;
	here.stage->grants++;
	tell(PLAYER_GRANTED);
	if (here.stage->agent == AGENT_KEEPS)
		ctl_reply_json(req, 200, json_object());
}

/* --- the hub --------------------------------------------------------------------------------- */

struct upload {
	uint8_t bytes[REQUEST_LIMIT];
	size_t len;
};

static enum MHD_Result reply(struct MHD_Connection *c, unsigned status, const void *bytes,
			     size_t len)
{
	void *copy = malloc(len ? len : 1);
	memcpy(copy, bytes, len);
	struct MHD_Response *r = MHD_create_response_from_buffer(len, copy, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result reply_text(struct MHD_Connection *c, unsigned status, const char *text)
{
	return reply(c, status, text, strlen(text));
}

/* The record must be what hubs expect: signed by the key that it names, with an order inside. */
static void read_request(const struct upload *u, wasl_EnrolRequest *out)
{
	struct signed_view view;
	assert_int_equal(signed_open(u->bytes, u->len, SIGNED_ENROL_REQUEST, &view, NULL), 0);
	assert_int_equal(codec_decode(wasl_EnrolRequest_fields, view.body, view.body_len, out,
				      NULL),
			 0);
	assert_int_equal(signed_count_good(&view, &out->sign_public, 1), 1);
	assert_true(out->order && out->order->size > 0);
}

static enum MHD_Result reply_grant(struct MHD_Connection *c, const struct upload *u, int does)
{
	static const unsigned by_enrol[] = { 140, 0 }, forged[] = { 99, 0 };
	wasl_EnrolRequest request;
	read_request(u, &request);
	struct enrol_identity me = orders_me();
	wasl_Grant g = orders_grant(&me, request.nonce);
	pb_release(wasl_EnrolRequest_fields, &request);
	g.nonce[0] ^= does == HUB_OTHER_NONCE;
	g.sign_public[0] ^= does == HUB_OTHER_BOX;
	g.school_code[0] ^= does == HUB_OTHER_SCHOOL;
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	orders_sign(SIGNED_GRANT, wasl_Grant_fields, &g, does == HUB_FORGED ? forged : by_enrol,
		    &bytes, &len);
	return reply(c, 200, bytes, len);
}

static enum MHD_Result answer(struct MHD_Connection *c, const struct upload *u)
{
	here.stage->requests++;
	tell(PLAYER_ASKED);
	int does = here.stage->hub;
	switch ((enum hub_does)does) {
	case HUB_DROPS:
		return MHD_NO;
	case HUB_LOGIN_PAGE:
		return reply_text(c, 200, "<html>Please log in");
	case HUB_BUSY:
		return reply_text(c, 503, "{\"error\":\"db.busy\",\"text\":\"come back later\"}");
	case HUB_SAYS_SPENT:
		return reply_text(c, 409,
				  "{\"error\":\"order.spent\",\"text\":\"another box used it\"}");
	case HUB_HOLDS:
		sem_wait(&here.stage->hold);
		return reply_grant(c, u, HUB_GRANTS);
	case HUB_GRANTS:
	case HUB_OTHER_NONCE:
	case HUB_OTHER_BOX:
	case HUB_OTHER_SCHOOL:
	case HUB_FORGED:
		return reply_grant(c, u, does);
	}
	return MHD_NO;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *bytes,
				  size_t *len, void **held)
{
	(void)cls;
	(void)version;
	if (!*held) {
		*held = calloc(1, sizeof(struct upload));
		return MHD_YES;
	}
	struct upload *u = *held;
	if (*len) {
		assert_true(*len <= sizeof(u->bytes) - u->len);
		memcpy(u->bytes + u->len, bytes, *len);
		u->len += *len;
		*len = 0;
		return MHD_YES;
	}
	assert_string_equal(method, "POST");
	assert_string_equal(url, "/v1/enrol");
	return answer(c, u);
}

static void on_end(void *cls, struct MHD_Connection *c, void **held,
		   enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)c;
	(void)code;
	free(*held);
}

static struct MHD_Daemon *open_hub(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct MHD_Daemon *hub =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0,
				 NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR, &sa,
				 MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_END);
	assert_non_null(hub);
	return hub;
}

void players_run(struct players *stage, int pipe)
{
	static const struct ctl_route routes[] = {
		{ "GET", "/v1/identity", identity, 0 },
		{ "POST", "/v1/sign", sign, REQUEST_LIMIT },
		{ "POST", "/v1/grant", grant, REQUEST_LIMIT },
	};
	here = (struct here){ .stage = stage, .tell = pipe };
	struct fault why = { 0 };
	sd_event *loop = NULL;
	struct ctl *agent = NULL;
	if (sd_event_new(&loop) < 0 ||
	    ctl_listen(loop, paths_at("/run/wasl/agentd.sock").at, 0600, routes, ARRAY_LEN(routes),
		       NULL, &agent, &why) < 0) {
		fprintf(stderr, "# players: %s\n", why.text);
		_exit(3);
	}
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(open_hub(), MHD_DAEMON_INFO_BIND_PORT);
	stage->port = info->port;
	tell(PLAYER_READY);
	sd_event_loop(loop);
	_exit(0);
}
