// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/grant.h"

#include <errno.h>
#include <pb_decode.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/codec.h"
#include "firmware/record/enrol.pb.h"
#include "firmware/record/root.pb.h"
#include "firmware/record/trust.h"

static void clean_grant_message(wasl_Grant *message)
{
	pb_release(wasl_Grant_fields, message);
}

static int take_sealing_key(const wasl_Grant *message, struct grant *out, struct fault *why)
{
	struct signed_view view;
	if (!message->sealing_keys)
		return fault_set(why, -EBADMSG, "grant.sealing",
				 "the grant brings no sealing keys; the hub must be repaired");
	int r = signed_open(message->sealing_keys->bytes, message->sealing_keys->size,
			    SIGNED_SEALING_KEYS, &view, why);
	AUTO_FREE wasl_SealingKeys *keys = malloc(sizeof(*keys));
	if (!r && !keys)
		r = fault_set(why, -ENOMEM, "memory", "out of memory");
	if (!r)
		r = codec_decode(wasl_SealingKeys_fields, view.body, view.body_len, keys, why);
	if (r)
		return r;
	if (!keys->keys_count || sodium_is_zero(keys->keys[keys->keys_count - 1].public_key, 32))
		return fault_set(
			why, -EBADMSG, "grant.sealing",
			"the grant's list of sealing keys is empty; the hub must be repaired");
	out->sealing_version = keys->version;
	memcpy(out->sealing_public, keys->keys[keys->keys_count - 1].public_key, 32);
	return 0;
}

static int take(const wasl_Grant *message, struct grant *out, struct fault *why)
{
	_Static_assert(sizeof(out->school_code) == sizeof(message->school_code), "school_code");
	_Static_assert(sizeof(out->school_name) == sizeof(message->school_name), "school_name");
	_Static_assert(sizeof(out->hub_url) == sizeof(message->hub_url), "hub_url");
	struct grant g = {
		.epoch = message->epoch,
		.first_seq = message->first_seq ? message->first_seq : 1,
		.provisional = message->provisional,
		.hub_unix_s = message->hub_unix_s,
	};
	memcpy(g.school_code, message->school_code, sizeof(g.school_code));
	memcpy(g.school_name, message->school_name, sizeof(g.school_name));
	memcpy(g.hub_url, message->hub_url, sizeof(g.hub_url));
	if (g.epoch < 1 || !g.school_code[0])
		return fault_set(why, -EBADMSG, "grant.content",
				 "the grant names no school or no epoch; the hub must be repaired");
	g.has_probe_key = message->probe_key.size == sizeof(g.probe_key);
	if (g.has_probe_key)
		memcpy(g.probe_key, message->probe_key.bytes, sizeof(g.probe_key));
	int r = take_sealing_key(message, &g, why);
	if (!r)
		*out = g;
	return r;
}

static int decode(const void *bytes, size_t len, wasl_Grant *out, struct fault *why)
{
	struct signed_view view;
	int r = signed_open(bytes, len, SIGNED_GRANT, &view, why);
	return r ? r : codec_decode(wasl_Grant_fields, view.body, view.body_len, out, why);
}

int grant_open(const struct trust *trust, const void *bytes, size_t len,
	       const struct device_keys *me, struct grant *out, struct fault *why)
{
	const void *body = NULL;
	size_t body_len = 0;
	uint8_t id[16];
	int r = trust_check(trust, SIGNED_GRANT, bytes, len, &body, &body_len, why);
	if (r)
		return r;
	CLEANUP(clean_grant_message) wasl_Grant message = wasl_Grant_init_zero;
	r = codec_decode(wasl_Grant_fields, body, body_len, &message, why);
	if (r)
		return r;
	device_id(me->sign.public_key, me->box_public, id);
	if (memcmp(message.device, id, sizeof(id)) != 0 ||
	    memcmp(message.sign_public, me->sign.public_key, 32) != 0)
		return fault_set(
			why, -EPERM, "grant.device",
			"this grant is for another box; enrol this one with an order of its own");
	if (message.sealing_keys)
		r = trust_check(trust, SIGNED_SEALING_KEYS, message.sealing_keys->bytes,
				message.sealing_keys->size, &body, &body_len, why);
	return r ? r : take(&message, out, why);
}

int grant_reread(const void *bytes, size_t len, struct grant *out, struct fault *why)
{
	CLEANUP(clean_grant_message) wasl_Grant message = wasl_Grant_init_zero;
	int r = decode(bytes, len, &message, why);
	return r ? r : take(&message, out, why);
}
