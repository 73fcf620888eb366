// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Bytes as text: hexadecimal, base64 (RFC 4648), Crockford base 32 (claim codes), UTF-8 checks.
 */
void text_hex(const void *bytes, size_t len, char *out); /* out: 2*len+1 */
int text_unhex(const char *hex, void *out, size_t len);  /* exactly 2*len digits, else -EINVAL */
char *text_base64(const void *bytes, size_t len);        /* malloc'ed */
int text_unbase64(const char *text, void **out, size_t *len);   /* malloc'ed; strict */
void text_crockford(const void *bytes, size_t bits, char *out); /* bits % 5 == 0; out: bits/5+1 */
int text_uncrockford(const char *text, void *out,
		     size_t bits);            /* case, I L O and dashes forgiven */
bool text_is_utf8(const char *s, size_t len); /* RFC 3629, no NUL */
void text_mend_utf8(
	char *s); /* in place: a bad byte becomes '?', a character cut at the end goes */
bool text_is_slug(const char *s);               /* 1-63 of a-z 0-9 -, not at the ends */
void text_put_percent(FILE *to, const char *s); /* what is not unreserved (RFC 3986, 2.3) as %XX */
