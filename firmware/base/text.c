// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"

void text_hex(const void *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = bytes;
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * len] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int text_unhex(const char *hex, void *out, size_t len)
{
	if (strnlen(hex, 2 * len + 1) != 2 * len)
		return -EINVAL;
	for (size_t i = 0; i < 2 * len; i++)
		if (hex_value(hex[i]) < 0)
			return -EINVAL;
	uint8_t *b = out;
	for (size_t i = 0; i < len; i++)
		b[i] = (uint8_t)(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
	return 0;
}

char *text_base64(const void *bytes, size_t len)
{
	size_t room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *out = malloc(room);
	if (out)
		sodium_bin2base64(out, room, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	return out;
}

int text_unbase64(const char *text, void **out, size_t *len)
{
	size_t text_len = strlen(text);
	/* libsodium takes every byte beyond ASCII for a slash. */
	for (size_t i = 0; i < text_len; i++)
		if ((unsigned char)text[i] > 0x7f)
			return -EINVAL;
	AUTO_FREE uint8_t *bytes = malloc(text_len / 4 * 3 + 3);
	if (!bytes)
		return -ENOMEM;
	size_t got = 0;
	const char *end = text;
	if (sodium_base642bin(bytes, text_len / 4 * 3 + 3, text, text_len, NULL, &got, &end,
			      sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    end != text + text_len)
		return -EINVAL;
	*out = MOVE_PTR(bytes);
	*len = got;
	return 0;
}

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void text_crockford(const void *bytes, size_t bits, char *out)
{
	const uint8_t *b = bytes;
	for (size_t at = 0; at < bits; at += 5) {
		unsigned value = 0;
		for (size_t i = at; i < at + 5; i++)
			value = value << 1 | (b[i / 8] >> (7 - i % 8) & 1u);
		*out++ = crockford[value];
	}
	*out = '\0';
}

static int crockford_value(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	const char *at = c ? strchr(crockford, c) : NULL;
	return at ? (int)(at - crockford) : -1;
}

int text_uncrockford(const char *text, void *out, size_t bits)
{
	size_t symbols = 0;
	for (const char *c = text; *c; c++) {
		if (*c == '-')
			continue;
		if (crockford_value(*c) < 0)
			return -EINVAL;
		symbols++;
	}
	if (symbols * 5 != bits)
		return -EINVAL;
	uint8_t *b = out;
	memset(b, 0, (bits + 7) / 8);
	size_t at = 0;
	for (const char *c = text; *c; c++) {
		if (*c == '-')
			continue;
		unsigned value = (unsigned)crockford_value(*c);
		for (int i = 4; i >= 0; i--, at++)
			b[at / 8] |= (uint8_t)((value >> i & 1u) << (7 - at % 8));
	}
	return 0;
}

/* RFC 3629, section 4: what the second byte may be depends on the first; the others are 80..BF. */
static const struct {
	uint8_t first_lo, first_hi, second_lo, second_hi;
	size_t bytes;
} utf8_rows[] = {
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* Length of the character at `s`, 0 when it is none. */
static size_t utf8_char(const uint8_t *s, size_t len)
{
	if (s[0] < 0x80)
		return s[0] ? 1 : 0;
	for (size_t r = 0; r < ARRAY_LEN(utf8_rows); r++) {
		if (s[0] < utf8_rows[r].first_lo || s[0] > utf8_rows[r].first_hi)
			continue;
		if (utf8_rows[r].bytes > len || s[1] < utf8_rows[r].second_lo ||
		    s[1] > utf8_rows[r].second_hi)
			return 0;
		for (size_t i = 2; i < utf8_rows[r].bytes; i++)
			if ((s[i] & 0xc0) != 0x80)
				return 0;
		return utf8_rows[r].bytes;
	}
	return 0;
}

bool text_is_utf8(const char *s, size_t len)
{
	const uint8_t *at = (const uint8_t *)s;
	while (len > 0) {
		size_t n = utf8_char(at, len);
		if (n == 0)
			return false;
		at += n;
		len -= n;
	}
	return true;
}

void text_mend_utf8(char *s)
{
	size_t left = strlen(s);
	while (left > 0) {
		size_t n = utf8_char((const uint8_t *)s, left);
		if (n == 0 && left < 4 && (uint8_t)s[0] >= 0xc2) {
			/* perhaps the beginning of a character that a full buffer cut */
			size_t rest = 1;
			while (rest < left && ((uint8_t)s[rest] & 0xc0) == 0x80)
				rest++;
			if (rest == left) {
				*s = '\0';
				return;
			}
		}
		if (n == 0) {
			*s = '?';
			n = 1;
		}
		s += n;
		left -= n;
	}
}

bool text_is_slug(const char *s)
{
	size_t len = strnlen(s, 64);
	if (len == 0 || len > 63 || s[0] == '-' || s[len - 1] == '-')
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

void text_put_percent(FILE *to, const char *s)
{
	for (const unsigned char *c = (const unsigned char *)s; *c; c++)
		if ((*c >= '0' && *c <= '9') || ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z') ||
		    strchr("-._~", *c))
			fputc(*c, to);
		else
			fprintf(to, "%%%02X", *c);
}
