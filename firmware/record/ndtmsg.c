// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/ndtmsg.h"

#include <errno.h>
#include <jansson.h>
#include <linux/inet_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "firmware/base/clean.h"

CLEAN_FN(json, json_t, json_decref)

const char *ndt_way_name(enum ndt_way way)
{
	return way == NDT_UP ? "upload" : "download";
}

size_t ndtmsg_piece(size_t piece, uint64_t sent_bytes)
{
	if (piece < NDT_PIECE_MIN)
		return NDT_PIECE_MIN;
	return piece < NDT_PIECE_MAX && piece <= sent_bytes / 16 ? piece * 2 : piece;
}

/* --- JSON: one table for both ways --- */

static const struct {
	const char *name;
	size_t at;
} tcp_names[] = {
	{ "RTT", offsetof(struct ndtmsg_tcp, rtt_us) },
	{ "RTTVar", offsetof(struct ndtmsg_tcp, rttvar_us) },
	{ "MinRTT", offsetof(struct ndtmsg_tcp, min_rtt_us) },
	{ "BytesAcked", offsetof(struct ndtmsg_tcp, acked) },
	{ "BytesReceived", offsetof(struct ndtmsg_tcp, received) },
	{ "BytesSent", offsetof(struct ndtmsg_tcp, sent) },
	{ "BytesRetrans", offsetof(struct ndtmsg_tcp, retrans) },
	{ "BusyTime", offsetof(struct ndtmsg_tcp, busy_us) },
	{ "RWndLimited", offsetof(struct ndtmsg_tcp, rwnd_limited_us) },
	{ "SndBufLimited", offsetof(struct ndtmsg_tcp, sndbuf_limited_us) },
};

static int64_t *tcp_at(struct ndtmsg_tcp *tcp, size_t i)
{
	return (int64_t *)(void *)((char *)tcp + tcp_names[i].at);
}

char *ndtmsg_write(const struct ndtmsg *m)
{
	struct ndtmsg_tcp tcp = m->tcp;
	CLEANUP(clean_json)
	json_t *all =
		json_pack("{s:{s:I, s:I}, s:s, s:s}", "AppInfo", "ElapsedTime",
			  (json_int_t)m->elapsed_us, "NumBytes", (json_int_t)m->bytes, "Origin",
			  m->of_client ? "client" : "server", "Test", ndt_way_name(m->way));
	if (m->has_bbr)
		json_object_set_new(all, "BBRInfo",
				    json_pack("{s:I, s:I, s:I}", "BW", (json_int_t)m->bbr_bps,
					      "MinRTT", (json_int_t)m->bbr_min_rtt_us,
					      "ElapsedTime", (json_int_t)m->elapsed_us));
	if (m->has_tcp) {
		json_t *info = json_pack("{s:I}", "ElapsedTime", (json_int_t)m->elapsed_us);
		for (size_t i = 0; i < ARRAY_LEN(tcp_names); i++)
			json_object_set_new(info, tcp_names[i].name,
					    json_integer((json_int_t)*tcp_at(&tcp, i)));
		json_object_set_new(all, "TCPInfo", info);
	}
	if (*m->proof)
		json_object_set_new(all, "Wasl", json_pack("{s:s}", "Answer", m->proof));
	return all ? json_dumps(all, JSON_COMPACT) : NULL;
}

/* A number from nothing to what others can count to (2^53); missing is 0. */
static int number(const json_t *object, const char *name, int64_t *out)
{
	static const double most = 9007199254740992.0;
	const json_t *value = json_object_get(object, name);
	const double n = json_number_value(value);
	if (!value) {
		*out = 0;
		return 0;
	}
	if (!json_is_number(value) || !(n >= 0 && n <= most))
		return -EBADMSG;
	*out = json_is_integer(value) ? json_integer_value(value) : (int64_t)n;
	return 0;
}

static int read_tcp(const json_t *info, struct ndtmsg *m)
{
	m->has_tcp = json_is_object(info);
	for (size_t i = 0; m->has_tcp && i < ARRAY_LEN(tcp_names); i++)
		if (number(info, tcp_names[i].name, tcp_at(&m->tcp, i)))
			return -EBADMSG;
	return 0;
}

static int read_bbr(const json_t *info, struct ndtmsg *m)
{
	m->has_bbr = json_is_object(info);
	return m->has_bbr && (number(info, "BW", &m->bbr_bps) ||
			      number(info, "MinRTT", &m->bbr_min_rtt_us))
		       ? -EBADMSG
		       : 0;
}

static int read_proof(const json_t *ours, struct ndtmsg *m)
{
	const char *text = json_string_value(json_object_get(ours, "Answer"));
	if (!text)
		return 0;
	if (strlen(text) != sizeof(m->proof) - 1 ||
	    strspn(text, "0123456789abcdef") != sizeof(m->proof) - 1)
		return -EBADMSG;
	memcpy(m->proof, text, sizeof(m->proof));
	return 0;
}

int ndtmsg_read(const void *bytes, size_t len, struct ndtmsg *out)
{
	struct ndtmsg m = { 0 };
	if (len > NDT_TEXT_MAX)
		return -EMSGSIZE;
	CLEANUP(clean_json) json_t *all = json_loadb(bytes, len, 0, NULL);
	const json_t *app = json_object_get(all, "AppInfo");
	const char *origin = json_string_value(json_object_get(all, "Origin"));
	const char *test = json_string_value(json_object_get(all, "Test"));
	if (!json_is_object(all))
		return -EBADMSG;
	m.of_client = origin && strcmp(origin, "client") == 0;
	m.way = test && strcmp(test, "upload") == 0 ? NDT_UP : NDT_DOWN;
	if (number(app, "ElapsedTime", &m.elapsed_us) || number(app, "NumBytes", &m.bytes) ||
	    read_tcp(json_object_get(all, "TCPInfo"), &m) ||
	    read_bbr(json_object_get(all, "BBRInfo"), &m) ||
	    read_proof(json_object_get(all, "Wasl"), &m))
		return -EBADMSG;
	*out = m;
	return 0;
}

/* --- what the kernel says --- */

static void look_bbr(int fd, struct ndtmsg *m)
{
	char name[16] = "";
	union tcp_cc_info cc = { 0 };
	socklen_t name_len = sizeof(name) - 1, len = sizeof(cc);
	if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &name_len) ||
	    strcmp(name, "bbr") != 0 || getsockopt(fd, IPPROTO_TCP, TCP_CC_INFO, &cc, &len) ||
	    len < sizeof(cc.bbr))
		return;
	m->has_bbr = true;
	m->bbr_bps = (int64_t)(((uint64_t)cc.bbr.bbr_bw_hi << 32 | cc.bbr.bbr_bw_lo) * 8);
	m->bbr_min_rtt_us = cc.bbr.bbr_min_rtt;
}

void ndtmsg_look(int fd, struct ndtmsg *m)
{
	struct tcp_info t = { 0 };
	socklen_t len = sizeof(t);
	m->has_tcp = m->has_bbr = false;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &t, &len) ||
	    len < offsetof(struct tcp_info, tcpi_bytes_retrans) + sizeof(t.tcpi_bytes_retrans))
		return;
	m->has_tcp = true;
	m->tcp = (struct ndtmsg_tcp){
		.rtt_us = t.tcpi_rtt,
		.rttvar_us = t.tcpi_rttvar,
		.min_rtt_us = t.tcpi_min_rtt,
		.acked = (int64_t)t.tcpi_bytes_acked,
		.received = (int64_t)t.tcpi_bytes_received,
		.sent = (int64_t)t.tcpi_bytes_sent,
		.retrans = (int64_t)t.tcpi_bytes_retrans,
		.busy_us = (int64_t)t.tcpi_busy_time,
		.rwnd_limited_us = (int64_t)t.tcpi_rwnd_limited,
		.sndbuf_limited_us = (int64_t)t.tcpi_sndbuf_limited,
	};
	look_bbr(fd, m);
}

void ndtmsg_prepare(int fd)
{
	static const int unsent_most = NDT_PIECE_MAX;
	static const char bbr[] = "bbr";
	(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, bbr, sizeof(bbr) - 1);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_most, sizeof(unsent_most));
}
