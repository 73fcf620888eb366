// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/net/link/faults.h"

#include "tests/net/link/frame.h"

enum { PORT_DNS = 53, PORT_HTTP = 80 };

static bool is_at(const struct frame *f, struct in_addr who)
{
	return who.s_addr && f->kind == FRAME_IP4 &&
	       (f->from.s_addr == who.s_addr || f->to.s_addr == who.s_addr);
}

static bool is_dns(const struct frame *f)
{
	return f->has_ports && (f->to_port == PORT_DNS || f->from_port == PORT_DNS);
}

static bool is_blocked(const struct faults *f, const struct frame *frame)
{
	for (size_t i = 0; i < f->blocked_count; i++)
		if (is_at(frame, f->blocked[i]))
			return true;
	return false;
}

/* To the login page, and its answers back in the name of who was asked. */
static bool by_portal(struct faults *f, enum direction way, const struct frame *frame,
		      uint8_t *bytes, size_t len)
{
	const bool web = frame->protocol == IPPROTO_TCP && frame->has_ports;
	if (way == UP && web && frame->to_port == PORT_HTTP &&
	    frame->to.s_addr != f->portal.s_addr) {
		const size_t i = frame->from_port % FAULTS_VISITORS;
		f->visitors[i].client = frame->from;
		f->visitors[i].wanted = frame->to;
		f->visitors[i].port = frame->from_port;
		frame_readdress(bytes, len, frame, FRAME_TO, f->portal);
		return true;
	}
	if (way == DOWN && web && frame->from_port == PORT_HTTP &&
	    frame->from.s_addr == f->portal.s_addr) {
		const size_t i = frame->to_port % FAULTS_VISITORS;
		if (f->visitors[i].port == frame->to_port &&
		    f->visitors[i].client.s_addr == frame->to.s_addr)
			frame_readdress(bytes, len, frame, FRAME_FROM, f->visitors[i].wanted);
		return true;
	}
	return is_dns(frame) || is_at(frame, f->portal) || is_at(frame, f->router);
}

bool faults_pass(struct faults *f, enum direction way, uint8_t *bytes, size_t len)
{
	struct frame frame;
	if (f->unplugged || f->silent[way] == SILENT_ALL)
		return false;
	frame_read(bytes, len, &frame);
	if (frame.kind == FRAME_LOCAL)
		return true;
	if ((f->resolver_dead && is_dns(&frame)) || is_blocked(f, &frame))
		return false;
	if (f->silent[way] == SILENT_BEYOND)
		return is_at(&frame, f->router);
	return f->portal.s_addr ? by_portal(f, way, &frame, bytes, len) : true;
}
