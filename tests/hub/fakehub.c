// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/hub/fakehub.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/codec.h"
#include "firmware/record/enrol.pb.h"
#include "provisioning/hub/enrol.h"
#include "provisioning/hub/keyring.h"

static void must(int rc, const struct fault *why)
{
	if (rc == 0)
		return;
	fprintf(stderr, "fakehub: %s\n", why->text);
	exit(99);
}

static void add_school(struct store *s, const char *code)
{
	struct fault why = { 0 };
	struct school school = { .country = "TN",
				 .region = "Kef",
				 .level = "primary",
				 .name_ar = "مدرسة",
				 .pupils = 1 };
	enum store_change change;
	snprintf(school.code, sizeof(school.code), "%s", code);
	must(store_begin(s, &why), &why);
	must(store_school_put(s, &school, &change, &why), &why);
	must(store_commit(s, &why), &why);
}

void fakehub_make(struct fakehub *h)
{
	struct fault why = { .text = "no folder" };
	*h = (struct fakehub){ .folder = "/tmp/wasl-hub-XXXXXX" };
	must(mkdtemp(h->folder) ? 0 : -1, &why);
	must(keyring_make(h->folder, "Test", "TN", 1, &why), &why);
	fakehub_reopen(h);
	add_school(h->hub.store, "S-1");
	add_school(h->hub.store, "S-2");
}

void fakehub_reopen(struct fakehub *h)
{
	struct fault why = { 0 };
	hub_close(&h->hub);
	must(hub_open(h->folder, NULL, &hub_default_rules, &h->hub, &why), &why);
}

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *ftw)
{
	(void)st, (void)what, (void)ftw;
	return remove(path);
}

void fakehub_remove(struct fakehub *h)
{
	hub_close(&h->hub);
	nftw(h->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void fakehub_order(struct fakehub *h, const char *school, const char *claim, void **out,
		   size_t *len)
{
	struct fault why = { 0 };
	wasl_Order order = wasl_Order_init_zero;
	struct ticket t = { .epoch = 1 };
	AUTO_FREE void *body = NULL;
	size_t body_len = 0;
	int64_t n = 0;
	must(store_number_get(h->hub.store, "tickets", 0, &n, &why), &why);
	memcpy(order.ticket, &n, sizeof(n));
	memcpy(t.id, order.ticket, sizeof(t.id));
	order.epoch = 1;
	snprintf(order.school_code, sizeof(order.school_code), "%s", school);
	snprintf(order.hub_url, sizeof(order.hub_url), "http://hub");
	snprintf(t.school, sizeof(t.school), "%s", school);
	if (*claim)
		must(enrol_plain_claim(claim, t.claim_code), &why);
	snprintf(order.claim_code, sizeof(order.claim_code), "%s", t.claim_code);
	must(store_begin(h->hub.store, &why), &why);
	must(store_number_set(h->hub.store, "tickets", n + 1, &why), &why);
	must(store_ticket_add(h->hub.store, &t, &why), &why);
	must(store_commit(h->hub.store, &why), &why);
	must(codec_encode(wasl_Order_fields, &order, &body, &body_len, &why), &why);
	must(signed_make(SIGNED_ORDER, body, body_len, &h->hub.enrol_key, 1, out, len, &why), &why);
}

void fakehub_enrol(struct fakehub *h, const char *school, enum fakehub_mode mode,
		   struct fakebox *box)
{
	struct fault why = { .text = "the grant is not for this box" };
	AUTO_FREE void *order = NULL;
	AUTO_FREE void *request = NULL;
	AUTO_FREE void *grant = NULL;
	size_t order_len = 0, len = 0, grant_len = 0;
	const uint8_t nonce[32] = { 1, 2, 3 };
	fakebox_make(box);
	fakehub_order(h, school, mode == FAKEHUB_CLAIMED ? box->claim_code : "", &order,
		      &order_len);
	fakebox_request(box, order, order_len, nonce, &request, &len);
	must(enrol_serve(&h->hub, request, len, 1000, &grant, &grant_len, &why), &why);
	must(fakebox_take_grant(box, h->hub.trust, grant, grant_len, nonce), &why);
}
