// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/hub/hubcall.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"

void hubcall_done(struct hubcall_reply *r)
{
	free(r->body);
	*r = (struct hubcall_reply){ 0 };
}

static size_t take(char *bytes, size_t size, size_t count, void *data)
{
	struct hubcall_reply *r = data;
	char *grown = realloc(r->body, r->len + size * count + 1);
	if (!grown)
		return 0;
	r->body = grown;
	memcpy(r->body + r->len, bytes, size * count);
	r->len += size * count;
	r->body[r->len] = '\0';
	return size * count;
}

void hubcall(const char *socket, const char *target, const char *header, const void *body,
	     size_t len, struct hubcall_reply *out)
{
	char url[512];
	struct curl_slist *headers = header ? curl_slist_append(NULL, header) : NULL;
	*out = (struct hubcall_reply){ 0 };
	CURL *c = curl_easy_init();
	if (!c)
		return;
	snprintf(url, sizeof(url), "http://hub%s", target);
	curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, 20L);
	headers = curl_slist_append(headers, "Expect:");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
	if (body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)len);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
	}
	if (curl_easy_perform(c) == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(c);
	if (!out->body)
		out->body = strdup("");
}

json_t *hubcall_json(const char *socket, const char *target, const char *header)
{
	CLEANUP(hubcall_done) struct hubcall_reply r = { 0 };
	hubcall(socket, target, header, NULL, 0, &r);
	return r.status == 200 ? json_loadb(r.body, r.len, 0, NULL) : NULL;
}
