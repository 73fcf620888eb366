// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * A question by UDP that only the ministry's hub can answer, and only to a box that it enrolled: whether a line leads all the
 * way. wasl-ndtd answers, wasl-netmgrd asks.
 *	ask:	device 16 | nonce 12 | mac 8	mac of "wasl:echo-ask:1\0" + device + nonce
 *	answer:	nonce 12 | mac 8		mac of "wasl:echo-answer:1\0" + device + nonce
 * mac = first 8 bytes of BLAKE2b-128 keyed with the box's key. The answer is the smaller one: nobody is flooded by way of the hub.
 *	key = BLAKE2b-256("wasl:echo-key:1\0" + device), keyed with the hub's secret
 * so the hub keeps one secret for all boxes, and the grant carries each box's own (Grant.probe_key).
 */
enum {
	HUBECHO_DEVICE = 16,
	HUBECHO_NONCE = 12,
	HUBECHO_MAC = 8,
	HUBECHO_KEY = 32, /* a box's key, and the hub's secret */
	HUBECHO_ASK = HUBECHO_DEVICE + HUBECHO_NONCE + HUBECHO_MAC,
	HUBECHO_ANSWER = HUBECHO_NONCE + HUBECHO_MAC,
	HUBECHO_PORT = 4607, /* where wasl-ndtd listens unless it is told otherwise */
};

void hubecho_key(const uint8_t secret[static HUBECHO_KEY],
		 const uint8_t device[static HUBECHO_DEVICE], uint8_t out[static HUBECHO_KEY]);

/* --- the box --- */
void hubecho_ask(const uint8_t key[static HUBECHO_KEY], const uint8_t device[static HUBECHO_DEVICE],
		 const uint8_t nonce[static HUBECHO_NONCE], uint8_t out[static HUBECHO_ASK]);

/* 0 when `bytes` answer `ask`, else -EAGAIN: something else may still come. */
int hubecho_answers(const uint8_t *bytes, size_t len, const uint8_t key[static HUBECHO_KEY],
		    const uint8_t ask[static HUBECHO_ASK]);

/* --- the hub --- */

/* -EBADMSG: no ask; -EKEYREJECTED: not of a box of this hub. Nothing is answered then. */
int hubecho_reply(const uint8_t *bytes, size_t len, const uint8_t secret[static HUBECHO_KEY],
		  uint8_t out[static HUBECHO_ANSWER]);
