// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/ctl.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl_priv.h"
#include "firmware/base/fault.h"
#include "firmware/base/unixsock.h"

CLEAN_FN(easy, CURL, curl_easy_cleanup)
CLEAN_FN(headers, struct curl_slist, curl_slist_free_all)
CLEAN_FN(json, json_t, json_decref)

struct answer {
	char *bytes;
	size_t len, room;
};

static void answer_done(struct answer *a)
{
	free(a->bytes);
}

static size_t collect(char *bytes, size_t size, size_t count, void *data)
{
	struct answer *a = data;
	size_t len = size * count;

	if (len > CTL_REPLY_BYTES - a->len)
		return 0;
	if (a->len + len + 1 > a->room) {
		size_t room = (a->len + len) * 2 + 1;
		char *grown = realloc(a->bytes, room);
		if (!grown)
			return 0;
		a->bytes = grown;
		a->room = room;
	}
	memcpy(a->bytes + a->len, bytes, len);
	a->len += len;
	a->bytes[a->len] = '\0';
	return len;
}

static int transport_fault(CURLcode rc, CURL *easy, const char *path, const char *target,
			   struct fault *why)
{
	long os = 0;
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os);

	if (rc == CURLE_COULDNT_CONNECT)
		return fault_set(why, os > 0 ? -(int)os : -ECONNREFUSED, "socket.down",
				 "'%s': nobody answers there (%s); start the program it belongs to",
				 path, os > 0 ? strerror((int)os) : "connection refused");
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return fault_set(why, -ETIMEDOUT, "ctl.slow", "'%s': no answer to %s in time", path,
				 target);
	if (rc == CURLE_WRITE_ERROR)
		return fault_set(why, -EFBIG, "ctl.large", "'%s': the answer to %s is too large",
				 path, target);
	return fault_set(why, -ECONNRESET, "ctl.broken", "'%s': the answer to %s broke off (%s)",
			 path, target, curl_easy_strerror(rc));
}

/* The other side said no: its own sentence where it gave one. */
static int refused(long status, const struct answer *a, const char *path, const char *target,
		   struct fault *why)
{
	CLEANUP(clean_json) json_t *body = a->bytes ? json_loadb(a->bytes, a->len, 0, NULL) : NULL;
	const char *id = json_string_value(json_object_get(body, "error"));
	const char *text = json_string_value(json_object_get(body, "text"));

	if (text)
		return fault_set(why, -EREMOTEIO, id ? id : "ctl.refused", "%s", text);
	return fault_set(why, -EREMOTEIO, "ctl.refused", "'%s': status %ld for %s", path, status,
			 target);
}

static int call(const char *socket_path, const char *method, const char *target, const char *type,
		const void *bytes, size_t len, int timeout_ms, struct answer *a, struct fault *why)
{
	char name[108], url[2048], header[160];
	AUTO_FD int folder = -1;
	int rc = unixsock_short(socket_path, name, &folder, why);
	if (rc)
		return rc;
	if ((size_t)snprintf(url, sizeof(url), "http://wasl%s", target) >= sizeof(url))
		return fault_set(why, -ENAMETOOLONG, "ctl.target", "'%s': the request is too long",
				 socket_path);

	CLEANUP(clean_easy) CURL *easy = curl_easy_init();
	snprintf(header, sizeof(header), "Content-Type: %s", bytes ? type : "");
	CLEANUP(clean_headers) struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	if (!easy || !headers || !curl_slist_append(headers, header))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, name);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, a);
	if (bytes || !strcmp(method, "POST")) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, bytes ? bytes : "");
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);

	CURLcode done = curl_easy_perform(easy);
	if (done != CURLE_OK)
		return transport_fault(done, easy, socket_path, target, why);
	long status = 0;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300 ? 0 : refused(status, a, socket_path, target, why);
}

int ctl_call_bytes(const char *socket_path, const char *method, const char *target,
		   const char *type, const void *bytes, size_t len, int timeout_ms, void **out,
		   size_t *out_len, struct fault *why)
{
	CLEANUP(answer_done) struct answer a = { 0 };
	int rc = call(socket_path, method, target, type, bytes, len, timeout_ms, &a, why);
	if (rc)
		return rc;
	if (!a.bytes && collect((char[]){ 0 }, 1, 0, &a) != 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = MOVE_PTR(a.bytes);
	*out_len = a.len;
	return 0;
}

static int parse(const struct answer *a, const char *socket_path, const char *target, json_t **out,
		 struct fault *why)
{
	json_error_t wrong = { .text = "no answer" };
	json_t *body =
		a->bytes ? json_loadb(a->bytes, a->len, JSON_REJECT_DUPLICATES, &wrong) : NULL;
	if (!body)
		return fault_set(why, -EBADMSG, "ctl.json",
				 "'%s': the answer to %s is no JSON (%s)", socket_path, target,
				 wrong.text);
	*out = body;
	return 0;
}

int ctl_call(const char *socket_path, const char *method, const char *target, json_t *body,
	     int timeout_ms, json_t **out, struct fault *why)
{
	AUTO_FREE char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	if (body && !text)
		return fault_set(why, -EINVAL, "ctl.body",
				 "'%s': the question to %s cannot be written as JSON", socket_path,
				 target);
	CLEANUP(answer_done) struct answer a = { 0 };
	int rc = call(socket_path, method, target, "application/json", text,
		      text ? strlen(text) : 0, timeout_ms, &a, why);
	if (rc || !out)
		return rc;
	return parse(&a, socket_path, target, out, why);
}
