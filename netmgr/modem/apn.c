// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/modem/apn.h"

#include <errno.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

enum { COUNTRY = 3 };

bool apn_good_name(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
	const size_t len = strlen(name);
	return len > 0 && len < sizeof(((struct apn *)0)->name) &&
	       name[strspn(name, allowed)] == '\0';
}

bool apn_good_word(const char *word)
{
	for (const char *c = word; *c; c++)
		if (*c < ' ' || *c > '~')
			return false;
	return strlen(word) < sizeof(((struct apn *)0)->user);
}

/* --- the list --- */

/* Where in the file we are, and what was found of the operator that is being read. */
struct reader {
	const char *code;
	struct apn_list *out, here;
	struct apn apn;
	bool in_gsm, matches, in_apn, for_internet;
	char *into; /* text goes there, all such fields have the same room; NULL: nowhere */
	size_t len;
};

static const char *attribute(const char **attributes, const char *name)
{
	for (; attributes[0]; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return "";
}

/* "2" and "02" are the same network; a modem writes as many digits as its SIM does. */
static bool is_code(const char *code, const char *mcc, const char *mnc)
{
	const char *net = code + COUNTRY;
	if (strncmp(code, mcc, COUNTRY) != 0 || strlen(mcc) != COUNTRY || !*mnc)
		return false;
	return strtol(net, NULL, 10) == strtol(mnc, NULL, 10) &&
	       mnc[strspn(mnc, "0123456789")] == '\0';
}

static void begin_apn(struct reader *r, const char **attributes)
{
	const char *name = attribute(attributes, "value");
	r->apn = (struct apn){ .name = "" };
	r->in_apn = apn_good_name(name);
	r->for_internet = true;
	if (r->in_apn)
		snprintf(r->apn.name, sizeof(r->apn.name), "%s", name);
}

static void begin_text(struct reader *r, char *into)
{
	r->into = into;
	r->len = 0;
	into[0] = '\0';
}

static void on_begin(void *data, const char *name, const char **attributes)
{
	struct reader *r = data;
	r->into = NULL;
	if (strcmp(name, "gsm") == 0) {
		r->in_gsm = true;
		r->matches = false;
		r->here.count = 0;
	} else if (r->in_gsm && strcmp(name, "network-id") == 0) {
		r->matches |= is_code(r->code, attribute(attributes, "mcc"),
				      attribute(attributes, "mnc"));
	} else if (r->in_gsm && strcmp(name, "apn") == 0) {
		begin_apn(r, attributes);
	} else if (r->in_apn && strcmp(name, "usage") == 0) {
		r->for_internet = strcmp(attribute(attributes, "type"), "internet") == 0;
	} else if (r->in_apn && strcmp(name, "username") == 0) {
		begin_text(r, r->apn.user);
	} else if (r->in_apn && strcmp(name, "password") == 0) {
		begin_text(r, r->apn.password);
	}
}

static void on_text(void *data, const char *text, int len)
{
	struct reader *r = data;
	if (!r->into)
		return;
	if ((size_t)len >= sizeof(r->apn.user) - r->len) {
		r->in_apn = false; /* longer than any modem takes */
		r->into = NULL;
		return;
	}
	memcpy(r->into + r->len, text, (size_t)len);
	r->len += (size_t)len;
	r->into[r->len] = '\0';
}

static bool same(const struct apn *a, const struct apn *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->user, b->user) == 0 &&
	       strcmp(a->password, b->password) == 0;
}

static void add(struct apn_list *to, const struct apn *a)
{
	for (size_t i = 0; i < to->count; i++)
		if (same(&to->list[i], a))
			return;
	if (to->count < APN_MAX)
		to->list[to->count++] = *a;
}

static void on_end(void *data, const char *name)
{
	struct reader *r = data;
	r->into = NULL;
	if (r->in_apn && strcmp(name, "apn") == 0) {
		r->in_apn = false;
		if (r->for_internet && apn_good_word(r->apn.user) && apn_good_word(r->apn.password))
			add(&r->here, &r->apn);
	} else if (strcmp(name, "gsm") == 0) {
		for (size_t i = 0; r->matches && i < r->here.count; i++)
			add(r->out, &r->here.list[i]);
		r->in_gsm = r->in_apn = false;
	}
}

static void release(XML_Parser parser)
{
	if (parser)
		XML_ParserFree(parser);
}

CLEAN_FN(parser, struct XML_ParserStruct, release)

int apn_parse(const char *xml, size_t len, const char *code, struct apn_list *out)
{
	struct apn_list list = { .count = 0 };
	struct reader r = { .code = code, .out = &list };
	const size_t digits = strlen(code);
	if (digits < COUNTRY + 2 || digits > COUNTRY + 3 || code[strspn(code, "0123456789")])
		return -EINVAL;
	if (len > APN_XML_MAX)
		return -EBADMSG;
	CLEANUP(clean_parser) XML_Parser parser = XML_ParserCreate(NULL);
	if (!parser)
		return -ENOMEM;
	XML_SetUserData(parser, &r);
	XML_SetElementHandler(parser, on_begin, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	if (XML_Parse(parser, xml, (int)len, 1) != XML_STATUS_OK)
		return XML_GetErrorCode(parser) == XML_ERROR_NO_MEMORY ? -ENOMEM : -EBADMSG;
	*out = list;
	return 0;
}

int apn_load(const char *path, const char *code, struct apn_list *out, struct fault *why)
{
	AUTO_FREE void *xml = NULL;
	size_t len = 0;
	int r = fileio_read(path, APN_XML_MAX, &xml, &len, why);
	if (r < 0)
		return r;
	r = apn_parse(xml, len, code, out);
	return r < 0 ? fault_set(why, r, "modem.apns",
				 "'%s' cannot be read as a list of operators (%s); install the "
				 "package mobile-broadband-provider-info anew, or set apn in "
				 "[uplink]",
				 path, strerror(-r))
		     : 0;
}
