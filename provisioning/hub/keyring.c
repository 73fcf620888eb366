// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/keyring.h"

#include <errno.h>
#include <pb_decode.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/envelope.h"
#include "firmware/record/root.pb.h"

enum { KEY_FILE_LIMIT = 1024, ROOTS_MAX = 10000 };

CLEAN_FN(trust, struct trust, trust_free)

static void clean_secret(struct signed_key *key)
{
	signed_key_wipe(key);
}

static const enum trust_role made_roles[] = { TRUST_CONTENT, TRUST_FIRMWARE, TRUST_MANAGE,
					      TRUST_ENROL,   TRUST_REPORT,   TRUST_RECEIPT,
					      TRUST_TIME,    TRUST_REVOKE };

/* Three lines, so that a person with a key file in hand sees what it is. */
static int write_key(const char *path, const char *role, const uint8_t public_key[static 32],
		     const void *secret, size_t secret_len, struct fault *why)
{
	char public_hex[65], secret_hex[129], text[KEY_FILE_LIMIT];
	text_hex(public_key, 32, public_hex);
	text_hex(secret, secret_len, secret_hex);
	int len = snprintf(text, sizeof(text), "wasl-key-1 %s\npublic %s\nsecret %s\n", role,
			   public_hex, secret_hex);
	int rc = fileio_replace(path, text, (size_t)len, 0600, why);
	sodium_memzero(secret_hex, sizeof(secret_hex));
	sodium_memzero(text, sizeof(text));
	return rc;
}

static int read_key(const char *path, uint8_t public_key[static 32], void *secret,
		    size_t secret_len, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	int rc = fileio_read(path, KEY_FILE_LIMIT, &bytes, &len, why);
	if (rc)
		return rc;
	char public_hex[65], secret_hex[129];
	int good = sscanf(bytes, "wasl-key-1 %*31s\npublic %64[0-9a-f]\nsecret %128[0-9a-f]\n",
			  public_hex, secret_hex) == 2 &&
		   text_unhex(public_hex, public_key, 32) == 0 &&
		   strlen(secret_hex) == 2 * secret_len &&
		   text_unhex(secret_hex, secret, secret_len) == 0;
	sodium_memzero(bytes, len);
	sodium_memzero(secret_hex, sizeof(secret_hex));
	if (!good)
		return fault_set(why, -EBADMSG, "keyring.file",
				 "'%s' is no key file; put back the copy from the ministry's safe",
				 path);
	return 0;
}

static int make_signing_key(const char *path, const char *role, struct signed_key *out,
			    struct fault *why)
{
	if (signed_key_make(out))
		return fault_set(why, -EIO, "keyring.random",
				 "no random numbers for a new key; start the program again");
	return write_key(path, role, out->public_key, out->secret_key, sizeof(out->secret_key),
			 why);
}

static int encode_signed(enum signed_kind kind, const pb_msgdesc_t *fields, const void *message,
			 const struct signed_key *keys, size_t count, const char *path,
			 struct fault *why)
{
	AUTO_FREE void *body = NULL;
	AUTO_FREE void *record = NULL;
	size_t body_len = 0, record_len = 0;
	int rc = codec_encode(fields, message, &body, &body_len, why);
	if (rc == 0)
		rc = signed_make(kind, body, body_len, keys, count, &record, &record_len, why);
	if (rc == 0)
		rc = fileio_replace(path, record, record_len, 0644, why);
	return rc;
}

static int make_sealing(const char *dir, const struct signed_key *report, int64_t now_s,
			struct fault *why)
{
	uint8_t public_key[32], secret_key[32], id[8];
	char id_hex[17];
	crypto_box_keypair(public_key, secret_key);
	envelope_sealing_key_id(public_key, id);
	text_hex(id, sizeof(id), id_hex);
	int rc = write_key(paths_at("%s/keys/sealing/%s.key", dir, id_hex).at, "sealing",
			   public_key, secret_key, sizeof(secret_key), why);
	sodium_memzero(secret_key, sizeof(secret_key));
	if (rc)
		return rc;
	wasl_SealingKeys list = wasl_SealingKeys_init_zero;
	list.version = 1;
	list.keys_count = 1;
	memcpy(list.keys[0].public_key, public_key, sizeof(public_key));
	list.keys[0].made_unix_s = now_s;
	return encode_signed(SIGNED_SEALING_KEYS, wasl_SealingKeys_fields, &list, report, 1,
			     paths_at("%s/sealing-keys", dir).at, why);
}

static int add_role(wasl_Root *root, enum trust_role role, uint32_t threshold,
		    const struct signed_key *keys, size_t count, struct fault *why)
{
	wasl_RoleKeys *r = &root->roles[root->roles_count];
	*r = (wasl_RoleKeys)wasl_RoleKeys_init_zero;
	r->role = role;
	r->threshold = threshold;
	r->version = 1;
	r->public_keys = calloc(count, sizeof(r->public_keys[0]));
	if (!r->public_keys)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	root->roles_count++;
	for (size_t i = 0; i < count; i++) {
		int rc = codec_bytes(keys[i].public_key, 32, &r->public_keys[i], why);
		if (rc)
			return rc;
		r->public_keys_count++;
	}
	return 0;
}

/* The eight role keys, each entered into the root record as its file is safely there. */
static int make_roles(const char *dir, wasl_Root *root, int64_t now_s, struct fault *why)
{
	for (size_t i = 0; i < ARRAY_LEN(made_roles); i++) {
		CLEANUP(clean_secret) struct signed_key key = { 0 };
		const char *name = trust_role_name(made_roles[i]);
		int rc =
			make_signing_key(paths_at("%s/keys/%s.key", dir, name).at, name, &key, why);
		if (rc == 0 && made_roles[i] == TRUST_REPORT)
			rc = make_sealing(dir, &key, now_s, why);
		if (rc == 0)
			rc = add_role(root, made_roles[i], 1, &key, 1, why);
		if (rc)
			return rc;
	}
	return 0;
}

static int make_root(const char *dir, wasl_Root *root, int64_t now_s,
		     struct signed_key keys[static KEYRING_ROOT_KEYS], struct fault *why)
{
	uint8_t echo[HUBECHO_KEY];
	int made = keyring_echo_secret(dir, echo, why);
	sodium_memzero(echo, sizeof(echo));
	if (made)
		return made;
	for (unsigned i = 0; i < KEYRING_ROOT_KEYS; i++) {
		int rc = make_signing_key(paths_at("%s/offline/root-%u.key", dir, i + 1).at, "root",
					  &keys[i], why);
		if (rc)
			return rc;
	}
	int rc = add_role(root, TRUST_ROOT, KEYRING_ROOT_THRESHOLD, keys, KEYRING_ROOT_KEYS, why);
	if (rc == 0)
		rc = make_roles(dir, root, now_s, why);
	/* All five sign the first root: whoever checks it later needs any three. */
	if (rc == 0)
		rc = encode_signed(SIGNED_ROOT, wasl_Root_fields, root, keys, KEYRING_ROOT_KEYS,
				   paths_at("%s/root/1", dir).at, why);
	return rc;
}

static int make_folders(const char *dir, struct fault *why)
{
	static const struct {
		const char *name;
		unsigned mode;
	} folders[] = { { "", 0755 },
			{ "/root", 0755 },
			{ "/keys", 0700 },
			{ "/keys/sealing", 0700 },
			{ "/offline", 0700 } };
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		int rc = paths_mkdir(paths_at("%s%s", dir, folders[i].name).at, folders[i].mode,
				     why);
		if (rc)
			return rc;
	}
	return 0;
}

int keyring_make(const char *dir, const char *ministry, const char *country, int64_t now_s,
		 struct fault *why)
{
	if (sodium_init() < 0)
		return fault_set(why, -EIO, "keyring.random",
				 "the cryptographic library does not start");
	if (access(paths_at("%s/root/1", dir).at, F_OK) == 0)
		return fault_set(why, -EEXIST, "keyring.there",
				 "'%s' has its keys already; nothing was changed", dir);
	int rc = make_folders(dir, why);
	if (rc)
		return rc;
	wasl_Root root = wasl_Root_init_zero;
	root.version = 1;
	root.made_unix_s = now_s;
	snprintf(root.ministry, sizeof(root.ministry), "%s", ministry);
	snprintf(root.country, sizeof(root.country), "%s", country);
	struct signed_key keys[KEYRING_ROOT_KEYS] = { 0 };
	rc = make_root(dir, &root, now_s, keys, why);
	for (unsigned i = 0; i < KEYRING_ROOT_KEYS; i++)
		signed_key_wipe(&keys[i]);
	pb_release(wasl_Root_fields, &root);
	return rc;
}

int keyring_load(const char *dir, enum trust_role role, struct signed_key *out, struct fault *why)
{
	struct path path = paths_at("%s/keys/%s.key", dir, trust_role_name(role));
	struct signed_key key;
	int rc = read_key(path.at, key.public_key, key.secret_key, sizeof(key.secret_key), why);
	if (rc == 0)
		*out = key;
	signed_key_wipe(&key);
	return rc;
}

int keyring_public(const char *dir, const char *file, uint8_t out[static 32], struct fault *why)
{
	CLEANUP(clean_secret) struct signed_key key = { 0 };
	int rc = read_key(paths_at("%s/%s", dir, file).at, key.public_key, key.secret_key,
			  sizeof(key.secret_key), why);
	if (rc == 0)
		memcpy(out, key.public_key, 32);
	return rc;
}

int keyring_sealing(const char *dir, const uint8_t id[static 8], uint8_t public_key[static 32],
		    uint8_t secret_key[static 32], struct fault *why)
{
	char id_hex[17];
	text_hex(id, 8, id_hex);
	return read_key(paths_at("%s/keys/sealing/%s.key", dir, id_hex).at, public_key, secret_key,
			32, why);
}

static int read_echo_secret(const char *path, uint8_t out[static HUBECHO_KEY], struct fault *why)
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	int rc = fileio_read(path, KEY_FILE_LIMIT, &text, &len, why);
	if (rc)
		return rc;
	if (len == 2 * HUBECHO_KEY + 1 && ((char *)text)[len - 1] == '\n')
		((char *)text)[len - 1] = '\0';
	if (text_unhex(text, out, HUBECHO_KEY))
		rc = fault_set(why, -EBADMSG, "keyring.file",
			       "'%s' is no secret of %d bytes in hexadecimal; put back the copy "
			       "from the ministry's safe",
			       path, HUBECHO_KEY);
	sodium_memzero(text, len);
	return rc;
}

/* Two programs may be at it: whoever names it first has made it. */
static int make_echo_secret(const char *path, struct fault *why)
{
	uint8_t secret[HUBECHO_KEY];
	char text[2 * HUBECHO_KEY + 2];
	struct path own = paths_given("%s.%d", path, (int)getpid());
	randombytes_buf(secret, sizeof(secret));
	text_hex(secret, sizeof(secret), text);
	memcpy(text + 2 * HUBECHO_KEY, "\n", 2);
	int rc = fileio_replace(own.at, text, sizeof(text) - 1, 0600, why);
	if (rc == 0 && link(own.at, path) && errno != EEXIST)
		rc = fault_set(why, -errno, "keyring.echo", "cannot make '%s': %s", path,
			       strerror(errno));
	(void)unlink(own.at);
	if (rc == 0)
		(void)fileio_sync_parent(path);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(text, sizeof(text));
	return rc;
}

int keyring_echo_secret(const char *dir, uint8_t out[static HUBECHO_KEY], struct fault *why)
{
	struct path path = paths_at("%s/keys/echo.secret", dir);
	int rc = access(path.at, F_OK) ? make_echo_secret(path.at, why) : 0;
	return rc ? rc : read_echo_secret(path.at, out, why);
}

int keyring_file(const char *dir, const char *name, void **out, size_t *len, struct fault *why)
{
	return fileio_read(paths_at("%s/%s", dir, name).at, SIGNED_LIMIT_BYTES, out, len, why);
}

int keyring_trust(const char *dir, struct trust **out, struct fault *why)
{
	CLEANUP(clean_trust) struct trust *t = NULL;
	for (unsigned n = 1; n <= ROOTS_MAX; n++) {
		struct path path = paths_at("%s/root/%u", dir, n);
		if (n > 1 && access(path.at, F_OK) != 0)
			break;
		AUTO_FREE void *bytes = NULL;
		size_t len = 0;
		int rc = fileio_read(path.at, SIGNED_LIMIT_BYTES, &bytes, &len, why);
		if (rc == -ENOENT)
			return fault_set(why, rc, "keyring.none",
					 "'%s' holds no keys; run: waslhub init --dir %s", dir,
					 dir);
		if (rc == 0)
			rc = n == 1 ? trust_open(bytes, len, &t, why)
				    : trust_advance(t, bytes, len, why);
		if (rc)
			return fault_within(why, "'%s'", path.at);
	}
	*out = MOVE_PTR(t);
	return 0;
}
