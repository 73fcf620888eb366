// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content/shelf/captions_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

/* Upper halves of the code pages that captions of our schools come in (tables of the Unicode consortium); 0: no character. */
static const uint16_t windows_1256[128] = {
	0x20ac, 0x067e, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0679,
	0x2039, 0x0152, 0x0686, 0x0698, 0x0688, 0x06af, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x06a9, 0x2122, 0x0691, 0x203a, 0x0153, 0x200c, 0x200d, 0x06ba, 0x00a0,
	0x060c, 0x00a2, 0x00a3, 0x00a4, 0x00a5, 0x00a6, 0x00a7, 0x00a8, 0x00a9, 0x06be, 0x00ab,
	0x00ac, 0x00ad, 0x00ae, 0x00af, 0x00b0, 0x00b1, 0x00b2, 0x00b3, 0x00b4, 0x00b5, 0x00b6,
	0x00b7, 0x00b8, 0x00b9, 0x061b, 0x00bb, 0x00bc, 0x00bd, 0x00be, 0x061f, 0x06c1, 0x0621,
	0x0622, 0x0623, 0x0624, 0x0625, 0x0626, 0x0627, 0x0628, 0x0629, 0x062a, 0x062b, 0x062c,
	0x062d, 0x062e, 0x062f, 0x0630, 0x0631, 0x0632, 0x0633, 0x0634, 0x0635, 0x0636, 0x00d7,
	0x0637, 0x0638, 0x0639, 0x063a, 0x0640, 0x0641, 0x0642, 0x0643, 0x00e0, 0x0644, 0x00e2,
	0x0645, 0x0646, 0x0647, 0x0648, 0x00e7, 0x00e8, 0x00e9, 0x00ea, 0x00eb, 0x0649, 0x064a,
	0x00ee, 0x00ef, 0x064b, 0x064c, 0x064d, 0x064e, 0x00f4, 0x064f, 0x0650, 0x00f7, 0x0651,
	0x00f9, 0x0652, 0x00fb, 0x00fc, 0x200e, 0x200f, 0x06d2,
};
static const uint16_t iso_8859_6[128] = {
	0x0080, 0x0081, 0x0082, 0x0083, 0x0084, 0x0085, 0x0086, 0x0087, 0x0088, 0x0089, 0x008a,
	0x008b, 0x008c, 0x008d, 0x008e, 0x008f, 0x0090, 0x0091, 0x0092, 0x0093, 0x0094, 0x0095,
	0x0096, 0x0097, 0x0098, 0x0099, 0x009a, 0x009b, 0x009c, 0x009d, 0x009e, 0x009f, 0x00a0,
	0,      0,      0,      0x00a4, 0,      0,      0,      0,      0,      0,      0,
	0x060c, 0x00ad, 0,      0,      0,      0,      0,      0,      0,      0,      0,
	0,      0,      0,      0,      0x061b, 0,      0,      0,      0x061f, 0,      0x0621,
	0x0622, 0x0623, 0x0624, 0x0625, 0x0626, 0x0627, 0x0628, 0x0629, 0x062a, 0x062b, 0x062c,
	0x062d, 0x062e, 0x062f, 0x0630, 0x0631, 0x0632, 0x0633, 0x0634, 0x0635, 0x0636, 0x0637,
	0x0638, 0x0639, 0x063a, 0,      0,      0,      0,      0,      0x0640, 0x0641, 0x0642,
	0x0643, 0x0644, 0x0645, 0x0646, 0x0647, 0x0648, 0x0649, 0x064a, 0x064b, 0x064c, 0x064d,
	0x064e, 0x064f, 0x0650, 0x0651, 0x0652, 0,      0,      0,      0,      0,      0,
	0,      0,      0,      0,      0,      0,      0,
};
static const uint16_t windows_1252[128] = {
	0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178, 0x00a0,
	0x00a1, 0x00a2, 0x00a3, 0x00a4, 0x00a5, 0x00a6, 0x00a7, 0x00a8, 0x00a9, 0x00aa, 0x00ab,
	0x00ac, 0x00ad, 0x00ae, 0x00af, 0x00b0, 0x00b1, 0x00b2, 0x00b3, 0x00b4, 0x00b5, 0x00b6,
	0x00b7, 0x00b8, 0x00b9, 0x00ba, 0x00bb, 0x00bc, 0x00bd, 0x00be, 0x00bf, 0x00c0, 0x00c1,
	0x00c2, 0x00c3, 0x00c4, 0x00c5, 0x00c6, 0x00c7, 0x00c8, 0x00c9, 0x00ca, 0x00cb, 0x00cc,
	0x00cd, 0x00ce, 0x00cf, 0x00d0, 0x00d1, 0x00d2, 0x00d3, 0x00d4, 0x00d5, 0x00d6, 0x00d7,
	0x00d8, 0x00d9, 0x00da, 0x00db, 0x00dc, 0x00dd, 0x00de, 0x00df, 0x00e0, 0x00e1, 0x00e2,
	0x00e3, 0x00e4, 0x00e5, 0x00e6, 0x00e7, 0x00e8, 0x00e9, 0x00ea, 0x00eb, 0x00ec, 0x00ed,
	0x00ee, 0x00ef, 0x00f0, 0x00f1, 0x00f2, 0x00f3, 0x00f4, 0x00f5, 0x00f6, 0x00f7, 0x00f8,
	0x00f9, 0x00fa, 0x00fb, 0x00fc, 0x00fd, 0x00fe, 0x00ff,
};

static const char *const names[] = {
	[CAPTIONS_UTF8] = "UTF-8",
	[CAPTIONS_UTF16] = "UTF-16",
	[CAPTIONS_WINDOWS_1256] = "Windows-1256",
	[CAPTIONS_ISO_8859_6] = "ISO-8859-6",
	[CAPTIONS_WINDOWS_1252] = "Windows-1252",
};

const char *captions_coding_name(enum captions_coding coding)
{
	return names[coding];
}

static size_t put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static int finish(char *text, size_t used, char **out, size_t *out_len)
{
	text[used] = '\0';
	*out = text;
	*out_len = used;
	return 0;
}

/* --- UTF-16, which says so with its first two bytes, or has signs of captions in it ----------------- */

/* Every form that we know has one of these; in other codings there is no zero between their letters. */
static bool has_wide(const uint8_t *bytes, size_t len, unsigned high)
{
	static const char *const signs[] = { "-->", "Dialogue:" };
	for (size_t k = 0; k < ARRAY_LEN(signs); k++) {
		const size_t want = strlen(signs[k]);
		for (size_t i = 0; i + 2 * want <= len; i += 2) {
			size_t same = 0;
			while (same < want && bytes[i + 2 * same + !high] == 0 &&
			       bytes[i + 2 * same + high] == (uint8_t)signs[k][same])
				same++;
			if (same == want)
				return true;
		}
	}
	return false;
}

static int from_utf16(const uint8_t *bytes, size_t len, unsigned high, char **out, size_t *out_len,
		      struct fault *why)
{
	AUTO_FREE char *text = malloc(len * 2 + 1);
	size_t used = 0;
	if (!text)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	for (size_t i = 0; i + 1 < len; i += 2) {
		uint32_t c = (uint32_t)bytes[i + !high] << 8 | bytes[i + high];
		bool lead = c >= 0xd800 && c < 0xdc00;
		if (lead && i + 3 < len) {
			uint32_t low = (uint32_t)bytes[i + 2 + !high] << 8 | bytes[i + 2 + high];
			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
				i += 2;
			}
		}
		if (c == 0 || (c >= 0xd800 && c < 0xe000))
			return fault_set(why, -EILSEQ, "captions.utf16",
					 "the captions are damaged at byte %zu (UTF-16); save them "
					 "anew as UTF-8",
					 i);
		used += put_utf8(text + used, c);
	}
	return finish(MOVE_PTR(text), used, out, out_len);
}

/* --- one byte a letter: which alphabet? ------------------------------------------------------------ */

struct census {
	size_t high;             /* bytes above 127 */
	size_t utf8;             /* of these, part of a whole UTF-8 sequence */
	size_t arabic;           /* words of such letters alone */
	size_t mixed;            /* words of these among Latin letters */
	size_t al_1256, al_8859; /* the article: the commonest pair of letters in Arabic */
	size_t foreign_1256, foreign_8859, foreign_1252; /* letters that the page has not */
	size_t french; /* letters that would be French in Windows-1256 */
	size_t words;  /* of plain Latin letters */
	bool plain;    /* of the bytes above 127 none is another letter than a French "à" alone */
};

/* The length of the UTF-8 sequence at `at`, 0 when it is none. */
static size_t sequence(const uint8_t *at, const uint8_t *end)
{
	size_t want = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : *at >= 0xc2 ? 2 : 0;
	if (!want || (size_t)(end - at) < want || !text_is_utf8((const char *)at, want))
		return 0;
	return want;
}

static bool is_arabic(uint16_t c)
{
	return c >= 0x621 && c <= 0x652;
}

/* Letters of French and its neighbours. */
static bool is_western(uint16_t c)
{
	static const uint16_t wanted[] = { 0xc0, 0xc2, 0xc6, 0xc7, 0xc8,  0xc9, 0xca, 0xcb,
					   0xce, 0xcf, 0xd4, 0xd9, 0xdb,  0xe0, 0xe1, 0xe2,
					   0xe4, 0xe6, 0xe7, 0xe8, 0xe9,  0xea, 0xeb, 0xed,
					   0xee, 0xef, 0xf1, 0xf3, 0xf4,  0xf6, 0xf9, 0xfa,
					   0xfb, 0xfc, 0xff, 0xdf, 0x152, 0x153 };
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (wanted[i] == c)
			return true;
	return false;
}

/* Quotes, dashes and spaces that all three pages have. */
static bool is_dressing(uint8_t b)
{
	return b == 0xa0 || b == 0xab || b == 0xbb || b == 0x85 || (b >= 0x91 && b <= 0x97) ||
	       b == 0xa1 || b == 0xba || b == 0xbf || b == 0xac;
}

static void take_word(struct census *n, size_t latin, size_t high)
{
	n->words += latin && !high;
	if (!high)
		return;
	if (latin)
		n->mixed++;
	else if (high > 1)
		n->arabic++;
}

static struct census take_census(const uint8_t *bytes, size_t len)
{
	struct census n = { 0 };
	const uint8_t *end = bytes + len;
	size_t latin = 0, high = 0;
	n.plain = true;
	for (const uint8_t *at = bytes; at < end;) {
		size_t whole = *at >= 0x80 ? sequence(at, end) : 0;
		n.utf8 += whole;
		for (size_t k = whole ? whole : 1; k; k--, at++) {
			uint8_t b = *at;
			n.high += b >= 0x80;
			if (b >= 0x80 && !is_dressing(b)) {
				high++;
				n.plain &= b == 0xe0 || b == 0xc0;
				n.french += is_western(windows_1256[b - 0x80]);
				n.foreign_1256 += !is_arabic(windows_1256[b - 0x80]) &&
						  !is_western(windows_1256[b - 0x80]);
				n.foreign_8859 += !is_arabic(iso_8859_6[b - 0x80]);
				n.foreign_1252 += !is_western(windows_1252[b - 0x80]);
				if (b == 0xc7 && at + 1 < end) {
					n.al_1256 += at[1] == 0xe1;
					n.al_8859 += at[1] == 0xe4;
				}
			} else if (b >= 0x80 &&
				   (b == 0xa1 || b == 0xba || b == 0xbf || b == 0xac)) {
				n.plain = false; /* signs of other languages than French */
				take_word(&n, latin, high);
				latin = high = 0;
			} else if ((b | 0x20) >= 'a' && (b | 0x20) <= 'z') {
				latin++;
			} else {
				take_word(&n, latin, high);
				latin = high = 0;
			}
		}
	}
	take_word(&n, latin, high);
	return n;
}

/* At most one letter in twenty may be none of the alphabet's. */
static bool fits(size_t foreign, const struct census *n)
{
	return foreign * 20 <= n->high;
}

/* Arabic without the article: ISO 8859-6 has no such letters, and here none is another than Arabic. */
static bool is_1256(const struct census *n)
{
	return n->arabic && !n->mixed && n->al_1256 == n->al_8859 && !n->foreign_1256 &&
	       !n->french && n->foreign_8859;
}

static const uint16_t *page_of(const struct census *n, enum captions_coding *coding)
{
	if (n->arabic > 3 * n->mixed && 2 * n->al_1256 > 3 * n->al_8859 &&
	    fits(n->foreign_1256, n)) {
		*coding = CAPTIONS_WINDOWS_1256;
		return windows_1256;
	}
	if (n->arabic > 3 * n->mixed && 2 * n->al_8859 > 3 * n->al_1256 &&
	    fits(n->foreign_8859, n)) {
		*coding = CAPTIONS_ISO_8859_6;
		return iso_8859_6;
	}
	if (is_1256(n)) {
		*coding = CAPTIONS_WINDOWS_1256;
		return windows_1256;
	}
	if ((n->mixed > 3 * n->arabic && fits(n->foreign_1252, n)) ||
	    (n->plain && n->words && !n->arabic)) {
		*coding = CAPTIONS_WINDOWS_1252;
		return windows_1252;
	}
	return NULL;
}

static size_t first_damage(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = bytes[i] < 0x80 ? bytes[i] != 0 : sequence(bytes + i, bytes + len);
		if (!n)
			return i;
		i += n;
	}
	return len;
}

static int from_page(const uint8_t *bytes, size_t len, char **out, size_t *out_len,
		     enum captions_coding *coding, struct fault *why)
{
	const struct census n = take_census(bytes, len);
	if (memchr(bytes, 0, len) || n.utf8 * 10 >= n.high * 9)
		return fault_set(
			why, -EILSEQ, "captions.utf8",
			"the captions are damaged at byte %zu (UTF-8); save them anew as UTF-8",
			first_damage(bytes, len));
	const uint16_t *page = page_of(&n, coding);
	if (!page)
		return fault_set(
			why, -EILSEQ, "captions.coding",
			"the captions are neither UTF-8 nor Windows-1256; open them in a text "
			"editor and save them as UTF-8");
	AUTO_FREE char *text = malloc(len * 3 + 1);
	size_t used = 0;
	if (!text)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	for (size_t i = 0; i < len; i++) {
		uint32_t c = bytes[i] < 0x80 ? bytes[i] : page[bytes[i] - 0x80];
		if (!c)
			return fault_set(
				why, -EILSEQ, "captions.coding",
				"the captions look like %s, but byte %zu is no letter of it; "
				"save them as UTF-8",
				names[*coding], i);
		used += put_utf8(text + used, c);
	}
	return finish(MOVE_PTR(text), used, out, out_len);
}

int captions_decode(const uint8_t *bytes, size_t len, char **out, size_t *out_len,
		    enum captions_coding *coding, struct fault *why)
{
	if (len >= 2 &&
	    ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff))) {
		*coding = CAPTIONS_UTF16;
		return from_utf16(bytes + 2, len - 2, bytes[0] == 0xfe, out, out_len, why);
	}
	const bool low = memchr(bytes, 0, len) && has_wide(bytes, len, 0);
	if (low || (memchr(bytes, 0, len) && has_wide(bytes, len, 1))) {
		*coding = CAPTIONS_UTF16;
		return from_utf16(bytes, len, !low, out, out_len, why);
	}
	if (len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		bytes += 3;
		len -= 3;
	}
	if (!text_is_utf8((const char *)bytes, len))
		return from_page(bytes, len, out, out_len, coding, why);
	*coding = CAPTIONS_UTF8;
	char *text = malloc(len + 1);
	if (!text)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (len)
		memcpy(text, bytes, len);
	return finish(text, len, out, out_len);
}
