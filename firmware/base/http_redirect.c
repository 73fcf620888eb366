// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/http_redirect.h"

#include <curl/curl.h>
#include <strings.h>

#include "firmware/base/clean.h"

CLEAN_FN(url, CURLU, curl_url_cleanup)

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *left = NULL, *right = NULL;
	bool same = curl_url_get(a, part, &left, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		    curl_url_get(b, part, &right, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		    !strcasecmp(left, right);
	curl_free(left);
	curl_free(right);
	return same;
}

static bool is_https(CURLU *url)
{
	char *scheme = NULL;
	bool yes = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		   !strcasecmp(scheme, "https");
	curl_free(scheme);
	return yes;
}

bool http_redirect_allowed(const char *from, const char *to)
{
	CLEANUP(clean_url) CURLU *a = curl_url();
	CLEANUP(clean_url) CURLU *b = curl_url();
	if (!a || !b || curl_url_set(a, CURLUPART_URL, from, 0) ||
	    curl_url_set(b, CURLUPART_URL, to, 0))
		return false;
	if (!same_part(a, b, CURLUPART_HOST))
		return false;
	return same_part(a, b, CURLUPART_SCHEME) ? same_part(a, b, CURLUPART_PORT) : is_https(b);
}
