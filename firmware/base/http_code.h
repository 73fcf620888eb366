// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <curl/curl.h>

int http_code(CURLcode rc); /* libcurl's verdict as a negative errno; for http.c */
