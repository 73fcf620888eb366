// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/enrol.pb.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/keyring.h"

CLEAN_FN(store, struct store, store_close)

static void clean_secret(struct signed_key *key)
{
	signed_key_wipe(key);
}

struct asked {
	struct path dir;
	const char *school, *claim, *technician, *hub_url, *origin_url, *out;
};

/* http(s)://host…, without the slash at the end. */
static int take_url(const char *what, const char *url, char *out, size_t room, struct fault *why)
{
	size_t len = strlen(url);
	while (len > 0 && url[len - 1] == '/')
		len--;
	int good = (strncmp(url, "http://", 7) == 0 && len > 7) ||
		   (strncmp(url, "https://", 8) == 0 && len > 8);
	for (size_t i = 0; i < len; i++)
		good = good && (unsigned char)url[i] > 0x20 && (unsigned char)url[i] < 0x7f;
	if (!good || len >= room)
		return fault_set(why, -EINVAL, "order.url",
				 "%s '%s' must begin with http:// or https:// and have at most %zu "
				 "bytes",
				 what, url, room - 1);
	memcpy(out, url, len);
	out[len] = '\0';
	return 0;
}

static int fill_order(const struct asked *a, const struct school *school, wasl_Order *order,
		      struct fault *why)
{
	randombytes_buf(order->ticket, sizeof(order->ticket));
	snprintf(order->school_code, sizeof(order->school_code), "%s", school->code);
	snprintf(order->school_name, sizeof(order->school_name), "%s", school_name(school, "ar"));
	order->epoch = 1;
	order->made_unix_s = clock_wall_s();
	if (strlen(a->technician) >= sizeof(order->technician) ||
	    !text_is_utf8(a->technician, strlen(a->technician)))
		return fault_set(why, -EINVAL, "order.technician",
				 "--technician must be UTF-8 of at most %zu bytes",
				 sizeof(order->technician) - 1);
	snprintf(order->technician, sizeof(order->technician), "%s", a->technician);
	if (*a->claim) {
		uint8_t bits[10];
		if (text_uncrockford(a->claim, bits, 80))
			return fault_set(why, -EINVAL, "order.claim",
					 "claim code '%s' must be the 16 letters and digits that "
					 "the box shows",
					 a->claim);
		text_crockford(bits, 80, order->claim_code);
	}
	int rc = take_url("--hub-url", a->hub_url, order->hub_url, sizeof(order->hub_url), why);
	return rc ? rc
		  : take_url("--origin-url", a->origin_url, order->origin_url,
			     sizeof(order->origin_url), why);
}

/* The ticket is known to the hub before anybody can hold the order. */
static int register_ticket(struct store *s, const wasl_Order *order, struct fault *why)
{
	struct ticket t = { .epoch = order->epoch, .made_s = order->made_unix_s };
	memcpy(t.id, order->ticket, sizeof(t.id));
	snprintf(t.school, sizeof(t.school), "%s", order->school_code);
	snprintf(t.technician, sizeof(t.technician), "%s", order->technician);
	snprintf(t.claim_code, sizeof(t.claim_code), "%s", order->claim_code);
	int rc = store_begin(s, why);
	if (rc == 0)
		rc = store_ticket_add(s, &t, why);
	return rc ? rc : store_commit(s, why);
}

static int write_order(const struct asked *a, const wasl_Order *order, struct fault *why)
{
	CLEANUP(clean_secret) struct signed_key key = { 0 };
	AUTO_FREE void *body = NULL;
	AUTO_FREE void *record = NULL;
	size_t body_len = 0, record_len = 0;
	int rc = keyring_load(a->dir.at, TRUST_ENROL, &key, why);
	if (rc == 0)
		rc = codec_encode(wasl_Order_fields, order, &body, &body_len, why);
	if (rc == 0)
		rc = signed_make(SIGNED_ORDER, body, body_len, &key, 1, &record, &record_len, why);
	if (rc == 0)
		rc = fileio_replace(a->out, record, record_len, 0600, why);
	return rc;
}

static int make_order(const struct asked *a, struct fault *why)
{
	CLEANUP(clean_store) struct store *s = NULL;
	struct school school;
	wasl_Order order = wasl_Order_init_zero;
	int rc = cli_store(a->dir.at, &s, why);
	if (rc == 0)
		rc = store_school_get(s, a->school, &school, why);
	if (rc == -ENOENT && s)
		return fault_set(why, rc, "order.school",
				 "school '%s' is not registered; import it first: waslhub school "
				 "import FILE.csv",
				 a->school);
	if (rc == 0)
		rc = fill_order(a, &school, &order, why);
	if (rc == 0)
		rc = register_ticket(s, &order, why);
	if (rc == 0)
		rc = write_order(a, &order, why);
	if (rc)
		return rc;
	printf("wrote '%s': for one box at school %s (%s)%s\n", a->out, school.code,
	       school_name(&school, "en"),
	       *order.claim_code ? ""
				 : "; whatever box spends it first counts after: waslhub accept");
	return 0;
}

int cli_order(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' },
						 { "school", required_argument, NULL, 's' },
						 { "claim", required_argument, NULL, 'c' },
						 { "technician", required_argument, NULL, 't' },
						 { "hub-url", required_argument, NULL, 'h' },
						 { "origin-url", required_argument, NULL, 'o' },
						 { "out", required_argument, NULL, 'f' },
						 { 0 } };
	struct asked a = { .dir = paths_at(CLI_DIR), .claim = "", .technician = "" };
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (o) {
		case 'd':
			a.dir = paths_at("%s", optarg);
			break;
		case 's':
			a.school = optarg;
			break;
		case 'c':
			a.claim = optarg;
			break;
		case 't':
			a.technician = optarg;
			break;
		case 'h':
			a.hub_url = optarg;
			break;
		case 'o':
			a.origin_url = optarg;
			break;
		case 'f':
			a.out = optarg;
			break;
		default:
			return cli_misused("order: option not understood");
		}
	}
	if (optind != argc)
		return cli_misused("order: '%s' is too much", argv[optind]);
	if (!a.school || !a.hub_url || !a.origin_url || !a.out)
		return cli_misused("order: --school, --hub-url, --origin-url and --out are needed");
	struct fault why = { 0 };
	return make_order(&a, &why) ? cli_failed(&why) : 0;
}
