// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/fold.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"

#define SPACE 0x20u
#define NOTHING 0u

/* One code point; an invalid byte is a space of length 1. */
static size_t decode(const unsigned char *s, size_t len, uint32_t *out)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t need = s[0] < 0x80                   ? 1
		      : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
		      : s[0] >= 0xe0                ? 3
		      : s[0] >= 0xc2                ? 2
						    : 0;
	*out = SPACE;
	if (need == 0 || need > len || s[0] >= 0xf5)
		return 1;
	uint32_t c = need == 1 ? s[0] : s[0] & (0xffu >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if (c < least[need] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 1;
	*out = c;
	return need;
}

static size_t encode(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static const struct {
	uint32_t from, to, becomes; /* from .. to, both included */
} arabic[] = {
	{ 0x0610, 0x061a, NOTHING }, /* signs above letters */
	{ 0x0622, 0x0623, 0x0627 },  /* alef with madda, with hamza above */
	{ 0x0624, 0x0624, 0x0648 },  /* hamza on waw */
	{ 0x0625, 0x0625, 0x0627 },  /* alef with hamza below */
	{ 0x0626, 0x0626, 0x064a },  /* hamza on ya */
	{ 0x0629, 0x0629, 0x0647 },  /* ta marbuta */
	{ 0x0640, 0x0640, NOTHING }, /* tatweel */
	{ 0x0649, 0x0649, 0x064a },  /* alef maqsura */
	{ 0x064b, 0x065f, NOTHING }, /* tashkeel */
	{ 0x0670, 0x0670, NOTHING }, /* superscript alef */
	{ 0x0671, 0x0671, 0x0627 },  /* alef wasla */
	{ 0x06a9, 0x06a9, 0x0643 },  /* Persian kaf */
	{ 0x06cc, 0x06cc, 0x064a },  /* Persian ya */
	{ 0x06d6, 0x06dc, NOTHING }, /* Koranic marks */
	{ 0x06df, 0x06ed, NOTHING },
};

/* U+00C0 .. U+017F without accents; "" stands for a space. */
static const char *const latin[] = {
	"a", "a", "a",  "a",  "a", "a", "ae", "c",
	"e", "e", "e",  "e",  "i", "i", "i",  "i", /* C0 */
	"d", "n", "o",  "o",  "o", "o", "o",  "",
	"o", "u", "u",  "u",  "u", "y", "th", "ss", /* D0 */
	"a", "a", "a",  "a",  "a", "a", "ae", "c",
	"e", "e", "e",  "e",  "i", "i", "i",  "i", /* E0 */
	"d", "n", "o",  "o",  "o", "o", "o",  "",
	"o", "u", "u",  "u",  "u", "y", "th", "y", /* F0 */
	"a", "a", "a",  "a",  "a", "a", "c",  "c",
	"c", "c", "c",  "c",  "c", "c", "d",  "d", /* 100 */
	"d", "d", "e",  "e",  "e", "e", "e",  "e",
	"e", "e", "e",  "e",  "g", "g", "g",  "g", /* 110 */
	"g", "g", "g",  "g",  "h", "h", "h",  "h",
	"i", "i", "i",  "i",  "i", "i", "i",  "i", /* 120 */
	"i", "i", "ij", "ij", "j", "j", "k",  "k",
	"k", "l", "l",  "l",  "l", "l", "l",  "l", /* 130 */
	"l", "l", "l",  "n",  "n", "n", "n",  "n",
	"n", "n", "n",  "n",  "o", "o", "o",  "o", /* 140 */
	"o", "o", "oe", "oe", "r", "r", "r",  "r",
	"r", "r", "s",  "s",  "s", "s", "s",  "s", /* 150 */
	"s", "s", "t",  "t",  "t", "t", "t",  "t",
	"u", "u", "u",  "u",  "u", "u", "u",  "u", /* 160 */
	"u", "u", "u",  "u",  "w", "w", "y",  "y",
	"y", "z", "z",  "z",  "z", "z", "z",  "s", /* 170 */
};
_Static_assert(ARRAY_LEN(latin) == 0x180 - 0xc0, "one entry a letter");

static uint32_t fold_arabic(uint32_t c)
{
	if ((c >= 0x0660 && c <= 0x0669) || (c >= 0x06f0 && c <= 0x06f9))
		return '0' + (c & 0xf);
	if (c == 0x060c || c == 0x061b || c == 0x061f || (c >= 0x066a && c <= 0x066d) ||
	    c == 0x06d4)
		return SPACE; /* punctuation */
	for (size_t i = 0; i < ARRAY_LEN(arabic); i++)
		if (c >= arabic[i].from && c <= arabic[i].to)
			return arabic[i].becomes;
	return c;
}

/* What one code point becomes, appended at `out` (room for 4 bytes). */
static size_t fold_one(uint32_t c, char *out)
{
	if (c >= 'A' && c <= 'Z')
		return encode(c | 0x20, out);
	if (c < 0xc0)
		return encode((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : SPACE, out);
	if (c < 0x180) {
		const char *plain = latin[c - 0xc0];
		size_t len = strlen(plain);
		memcpy(out, len ? plain : " ", len ? len : 1);
		return len ? len : 1;
	}
	if ((c >= 0x300 && c < 0x370) || (c >= 0x200b && c <= 0x200f) || c == 0xfeff)
		return 0; /* combining accents, direction marks */
	if (c >= 0x0600 && c < 0x0700) {
		uint32_t plain = fold_arabic(c);
		return plain == NOTHING ? 0 : encode(plain, out);
	}
	if (c >= 0x2000 && c < 0x2c00)
		return encode(SPACE, out); /* punctuation, arrows, symbols */
	return encode(c, out);
}

static size_t letters(const char *word, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)word[i] & 0xc0) != 0x80;
	return n;
}

/* Bytes of the article in front of an Arabic word. */
static size_t article(const char *word, size_t len)
{
	static const char *const fronts[] = { "وال", "بال", "فال", "كال", "ال", "لل" };
	for (size_t i = 0; i < ARRAY_LEN(fronts); i++) {
		size_t front = strlen(fronts[i]);
		if (len > front && memcmp(word, fronts[i], front) == 0 &&
		    letters(word + front, len - front) >= 3)
			return front;
	}
	return 0;
}

/* Single spaces between words, articles taken off; in place. */
static void tidy(char *text)
{
	char *to = text;
	for (const char *from = text; *from;) {
		size_t gap = strspn(from, " ");
		size_t len = strcspn(from + gap, " ");
		const char *word = from + gap;
		from = word + len;
		if (len == 0)
			break;
		size_t skip = article(word, len);
		if (to != text)
			*to++ = ' ';
		memmove(to, word + skip, len - skip);
		to += len - skip;
	}
	*to = '\0';
}

int fold_text(const char *text, size_t len, char **out)
{
	/* Nothing grows: a letter of two bytes becomes at most two letters, an invalid byte one space. */
	char *folded = malloc(len + 5);
	if (!folded)
		return -ENOMEM;
	size_t used = 0;
	for (size_t at = 0; at < len;) {
		uint32_t c;
		at += decode((const unsigned char *)text + at, len - at, &c);
		used += fold_one(c, folded + used);
	}
	folded[used] = '\0';
	tidy(folded);
	*out = folded;
	return 0;
}
