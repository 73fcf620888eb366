// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/trust.h"

#include <errno.h>
#include <pb_decode.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/codec.h"
#include "firmware/record/root.pb.h"

#define KEYS_PER_ROLE 32u
#define PINS 8u

struct role {
	size_t key_count; /* 0: nobody */
	uint32_t threshold;
	uint8_t keys[KEYS_PER_ROLE][32];
};

/* One root, checked and flat. */
struct key_set {
	uint32_t version;
	char country[4];
	char ministry[128];
	struct role roles[TRUST_ROLE_COUNT];
	uint8_t pins[PINS][32];
	size_t pin_count;
};

struct trust {
	struct key_set now;
};

static const char *const role_names[TRUST_ROLE_COUNT] = {
	[TRUST_ROOT] = "root",       [TRUST_CONTENT] = "content", [TRUST_FIRMWARE] = "firmware",
	[TRUST_MANAGE] = "manage",   [TRUST_ENROL] = "enrol",     [TRUST_REPORT] = "report",
	[TRUST_RECEIPT] = "receipt", [TRUST_TIME] = "time",       [TRUST_REVOKE] = "revoke",
};

const char *trust_role_name(enum trust_role role)
{
	return (unsigned)role < TRUST_ROLE_COUNT ? role_names[role] : NULL;
}

int trust_role_parse(const char *name, enum trust_role *out)
{
	for (unsigned r = 0; r < TRUST_ROLE_COUNT; r++) {
		if (strcmp(role_names[r], name) == 0) {
			*out = (enum trust_role)r;
			return 0;
		}
	}
	return -EINVAL;
}

enum trust_role trust_role_for(enum signed_kind kind)
{
	switch (kind) {
	case SIGNED_ROOT:
		return TRUST_ROOT;
	case SIGNED_CATALOGUE:
		return TRUST_CONTENT;
	case SIGNED_ORDER:
		return TRUST_ENROL;
	case SIGNED_GRANT:
		return TRUST_ENROL;
	case SIGNED_RECEIPT:
		return TRUST_RECEIPT;
	case SIGNED_OFFER_ANSWERS:
		return TRUST_RECEIPT;
	case SIGNED_CLOSE:
		return TRUST_RECEIPT;
	case SIGNED_SETTINGS:
		return TRUST_MANAGE;
	case SIGNED_RELEASE:
		return TRUST_FIRMWARE;
	case SIGNED_SEALING_KEYS:
		return TRUST_REPORT;
	case SIGNED_TIME:
		return TRUST_TIME;
	case SIGNED_REVOCATIONS:
		return TRUST_REVOKE;
	case SIGNED_ENROL_REQUEST:
		return TRUST_ROLE_COUNT;
	case SIGNED_INSTALL_REPORT:
		return TRUST_ROLE_COUNT;
	}
	return TRUST_ROLE_COUNT;
}

static int bad_root(struct fault *why, uint32_t version, const char *what)
{
	return fault_set(why, -EBADMSG, "root.content",
			 "root %u: %s; the ministry must publish a corrected one", version, what);
}

static int take_role(const wasl_RoleKeys *from, uint32_t version, struct key_set *set,
		     struct fault *why)
{
	if (from->role >= TRUST_ROLE_COUNT)
		return 0; /* a role of newer firmware */
	if (from->scope[0])
		return 0; /* narrower than what trust_check() asks for */
	struct role *role = &set->roles[from->role];
	if (role->key_count)
		return bad_root(why, version, "a role is named twice");
	if (from->public_keys_count < 1 || from->public_keys_count > KEYS_PER_ROLE)
		return bad_root(why, version, "a role has no key, or more than 32");
	if (from->threshold < 1 || from->threshold > from->public_keys_count)
		return bad_root(why, version,
				"a role asks for more signatures than it has keys, or for none");
	for (size_t k = 0; k < from->public_keys_count; k++) {
		const pb_bytes_array_t *key = from->public_keys[k];
		if (!key || key->size != 32)
			return bad_root(why, version, "a public key is not 32 bytes long");
		for (size_t earlier = 0; earlier < k; earlier++) {
			if (memcmp(role->keys[earlier], key->bytes, 32) == 0)
				return bad_root(why, version, "a role lists one key twice");
		}
		memcpy(role->keys[k], key->bytes, 32);
	}
	role->key_count = from->public_keys_count;
	role->threshold = from->threshold;
	return 0;
}

static int take_root(const wasl_Root *root, struct key_set *set, struct fault *why)
{
	memset(set, 0, sizeof(*set));
	if (root->version < 1)
		return bad_root(why, root->version, "version 0 does not exist");
	set->version = root->version;
	memcpy(set->country, root->country, sizeof(set->country));
	memcpy(set->ministry, root->ministry, sizeof(set->ministry));
	for (size_t i = 0; i < root->roles_count; i++) {
		int r = take_role(&root->roles[i], root->version, set, why);
		if (r)
			return r;
	}
	if (!set->roles[TRUST_ROOT].key_count)
		return bad_root(why, root->version, "it names no root keys");
	if (root->tls_spki_pins_count > PINS)
		return bad_root(why, root->version, "more than 8 TLS pins");
	for (size_t i = 0; i < root->tls_spki_pins_count; i++) {
		const pb_bytes_array_t *pin = root->tls_spki_pins[i];
		if (!pin || pin->size != 32)
			return bad_root(why, root->version, "a TLS pin is not 32 bytes long");
		memcpy(set->pins[set->pin_count++], pin->bytes, 32);
	}
	return 0;
}

static int parse_root(const struct signed_view *view, struct key_set *set, struct fault *why)
{
	wasl_Root *root = malloc(sizeof(*root));
	if (!root)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = codec_decode(wasl_Root_fields, view->body, view->body_len, root, why);
	if (!r) {
		r = take_root(root, set, why);
		pb_release(wasl_Root_fields, root);
	}
	free(root);
	return r;
}

static int enough(const struct key_set *set, enum trust_role role, const struct signed_view *view,
		  struct fault *why)
{
	const struct role *who = &set->roles[role];
	if (!who->key_count)
		return fault_set(why, -EKEYREJECTED, "trust.role",
				 "%s: root %u names nobody for the role %s",
				 signed_kind_name(view->kind), set->version, role_names[role]);
	size_t good = signed_count_good(view, who->keys, who->key_count);
	if (good < who->threshold)
		return fault_set(
			why, -EKEYREJECTED, "trust.signatures",
			"%s: %zu good signatures of the role %s (root %u), %u are needed; refused",
			signed_kind_name(view->kind), good, role_names[role], set->version,
			who->threshold);
	return 0;
}

int trust_open(const void *root1, size_t len, struct trust **out, struct fault *why)
{
	struct signed_view view;
	int r = signed_open(root1, len, SIGNED_ROOT, &view, why);
	if (r)
		return r;
	AUTO_FREE
	struct trust *t = calloc(1, sizeof(*t));
	if (!t)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	/* The one place where bytes are parsed first: the first root brings its own keys. */
	r = parse_root(&view, &t->now, why);
	if (!r)
		r = enough(&t->now, TRUST_ROOT, &view, why);
	if (r)
		return r;
	*out = MOVE_PTR(t);
	return 0;
}

void trust_free(struct trust *t)
{
	free(t);
}

int trust_advance(struct trust *t, const void *root_n, size_t len, struct fault *why)
{
	struct signed_view view;
	int r = signed_open(root_n, len, SIGNED_ROOT, &view, why);
	if (!r)
		r = enough(&t->now, TRUST_ROOT, &view, why);
	if (r)
		return r;
	AUTO_FREE
	struct key_set *next = malloc(sizeof(*next));
	if (!next)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	r = parse_root(&view, next, why);
	if (r)
		return r;
	if (next->version <= t->now.version)
		return fault_set(why, -ESTALE, "root.old",
				 "root %u is offered, root %u is in force already", next->version,
				 t->now.version);
	if (next->version != t->now.version + 1)
		return fault_set(why, -EPROTO, "root.skips",
				 "root %u is offered, root %u must come first", next->version,
				 t->now.version + 1);
	r = enough(next, TRUST_ROOT, &view, why);
	if (r)
		return r;
	t->now = *next;
	return 0;
}

uint32_t trust_version(const struct trust *t)
{
	return t->now.version;
}

const char *trust_country(const struct trust *t)
{
	return t->now.country;
}

const char *trust_ministry(const struct trust *t)
{
	return t->now.ministry;
}

size_t trust_tls_pins(const struct trust *t, const uint8_t (**out)[32])
{
	*out = t->now.pins;
	return t->now.pin_count;
}

int trust_check(const struct trust *t, enum signed_kind kind, const void *bytes, size_t len,
		const void **body, size_t *body_len, struct fault *why)
{
	struct signed_view view;
	int r = signed_open(bytes, len, kind, &view, why);
	if (r)
		return r;
	enum trust_role role = trust_role_for(kind);
	if (role == TRUST_ROLE_COUNT)
		return fault_set(why, -EKEYREJECTED, "trust.device",
				 "%s: signed by a box, not by a role of the root",
				 signed_kind_name(kind));
	r = enough(&t->now, role, &view, why);
	if (r)
		return r;
	*body = view.body;
	*body_len = view.body_len;
	return 0;
}
