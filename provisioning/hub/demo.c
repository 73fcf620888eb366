// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/demo.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"

/* The middle of each region in hundredths of a degree, and how far from it a point surely lies inside. */
static const struct {
	const char *country, *region, *region_ar;
	int16_t lat, lon, spread;
} places[] = {
	{ "TN", "Tunis", "تونس", 3681, 1016, 3 },
	{ "TN", "Ariana", "أريانة", 3690, 1014, 4 },
	{ "TN", "Manouba", "منوبة", 3681, 986, 7 },
	{ "TN", "Ben Arous", "بن عروس", 3664, 1022, 6 },
	{ "TN", "Nabeul", "نابل", 3664, 1064, 9 },
	{ "TN", "Zaghouan", "زغوان", 3636, 1003, 14 },
	{ "TN", "Bizerte", "بنزرت", 3703, 958, 13 },
	{ "TN", "Béja", "باجة", 3672, 922, 14 },
	{ "TN", "Jendouba", "جندوبة", 3655, 870, 14 },
	{ "TN", "Le Kef", "الكاف", 3602, 870, 20 },
	{ "TN", "Siliana", "سليانة", 3602, 936, 18 },
	{ "TN", "Kairouan", "القيروان", 3556, 991, 22 },
	{ "TN", "Kasserine", "القصرين", 3521, 876, 24 },
	{ "TN", "Sidi Bouzid", "سيدي بوزيد", 3491, 946, 24 },
	{ "TN", "Sousse", "سوسة", 3586, 1045, 8 },
	{ "TN", "Monastir", "المنستير", 3562, 1075, 8 },
	{ "TN", "Mahdia", "المهدية", 3533, 1061, 14 },
	{ "TN", "Sfax", "صفاقس", 3477, 1032, 24 },
	{ "TN", "Gafsa", "قفصة", 3443, 887, 24 },
	{ "TN", "Tozeur", "توزر", 3402, 801, 16 },
	{ "TN", "Kébili", "قبلي", 3322, 893, 30 },
	{ "TN", "Gabès", "قابس", 3370, 972, 16 },
	{ "TN", "Médenine", "مدنين", 3321, 1072, 16 },
	{ "TN", "Tataouine", "تطاوين", 3232, 1012, 22 },
	{ "DZ", "Alger", "الجزائر", 3670, 306, 7 },
	{ "DZ", "Oran", "وهران", 3560, -52, 10 },
	{ "DZ", "Constantine", "قسنطينة", 3632, 662, 14 },
	{ "DZ", "Sétif", "سطيف", 3610, 540, 26 },
	{ "DZ", "Tizi Ouzou", "تيزي وزو", 3665, 418, 14 },
	{ "DZ", "Batna", "باتنة", 3552, 608, 26 },
	{ "DZ", "Biskra", "بسكرة", 3472, 552, 28 },
	{ "DZ", "Djelfa", "الجلفة", 3448, 330, 38 },
	{ "DZ", "Médéa", "المدية", 3608, 292, 20 },
	{ "DZ", "Tlemcen", "تلمسان", 3470, -122, 18 },
	{ "DZ", "Ghardaïa", "غرداية", 3226, 352, 34 },
	{ "DZ", "Ouargla", "ورقلة", 3168, 560, 40 },
	{ "DZ", "El Oued", "الوادي", 3330, 696, 34 },
	{ "DZ", "Béchar", "بشار", 3124, -212, 34 },
	{ "DZ", "Adrar", "أدرار", 2762, -18, 44 },
	{ "DZ", "Tamanrasset", "تمنراست", 2290, 552, 44 },
	{ "MA", "Casablanca-Settat", "الدار البيضاء سطات", 3306, -754, 24 },
	{ "MA", "Rabat-Salé-Kénitra", "الرباط سلا القنيطرة", 3404, -622, 24 },
	{ "MA", "Fès-Meknès", "فاس مكناس", 3392, -482, 30 },
	{ "MA", "Tanger-Tétouan-Al Hoceïma", "طنجة تطوان الحسيمة", 3514, -552, 18 },
	{ "MA", "Oriental", "الشرق", 3392, -248, 34 },
	{ "MA", "Béni Mellal-Khénifra", "بني ملال خنيفرة", 3242, -628, 28 },
	{ "MA", "Marrakech-Safi", "مراكش آسفي", 3176, -822, 34 },
	{ "MA", "Drâa-Tafilalet", "درعة تافيلالت", 3132, -528, 36 },
	{ "MA", "Souss-Massa", "سوس ماسة", 3028, -852, 34 },
	{ "MA", "Guelmim-Oued Noun", "كلميم واد نون", 2898, -1002, 20 },
};

static const struct {
	const char *ar, *fr, *en;
} namesakes[] = {
	{ "ابن خلدون", "Ibn Khaldoun", "Ibn Khaldun" },
	{ "ابن رشد", "Ibn Rochd", "Ibn Rushd" },
	{ "ابن سينا", "Ibn Sina", "Ibn Sina" },
	{ "الخوارزمي", "El Khawarizmi", "Al-Khwarizmi" },
	{ "فاطمة الفهرية", "Fatima El Fihriya", "Fatima al-Fihri" },
	{ "ابن الهيثم", "Ibn El Haythem", "Ibn al-Haytham" },
	{ "الأمل", "El Amal", "Al Amal" },
	{ "النور", "Ennour", "An Nour" },
	{ "النجاح", "Ennajah", "An Najah" },
	{ "السلام", "Essalem", "As Salam" },
	{ "حي الزيتون", "Cité Ezzitoun", "Olive Quarter" },
	{ "الواحة", "El Waha", "Al Waha" },
	{ "المستقبل", "El Mostakbel", "Al Mustaqbal" },
	{ "الربيع", "Errabii", "Ar Rabie" },
};

static const struct {
	const char *level, *ar, *fr, *en;
	unsigned of_ten; /* how many in ten schools */
	unsigned pupils_from, pupils_span;
} kinds[] = {
	{ "primary", "المدرسة الابتدائية", "École primaire", "Primary School", 6, 60, 420 },
	{ "lower-secondary", "المدرسة الإعدادية", "Collège", "Lower Secondary School", 3, 180,
	  620 },
	{ "upper-secondary", "معهد", "Lycée", "Upper Secondary School", 1, 300, 900 },
};

/* SplitMix64: the same schools on every machine. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Dense in the middle and thin at the edge, as towns and villages are: the sum of three draws. */
static int32_t near(int16_t middle, int16_t spread, uint64_t *state)
{
	int32_t third = spread * 6000;
	int32_t at = middle * 10000;
	for (int i = 0; i < 3; i++)
		at += (int32_t)(next(state) % (uint64_t)(2 * third + 1)) - third;
	return at;
}

void demo_school(unsigned n, struct school *out)
{
	uint64_t state = n;
	size_t p = next(&state) % ARRAY_LEN(places), k = 0;
	unsigned draw = (unsigned)(next(&state) % 10);
	while (draw >= kinds[k].of_ten)
		draw -= kinds[k++].of_ten;
	size_t name = next(&state) % ARRAY_LEN(namesakes);

	struct school s = { .sample = true };
	snprintf(s.code, sizeof(s.code), "DEMO-%s-%06u", places[p].country, n + 1);
	snprintf(s.name_ar, sizeof(s.name_ar), "%s %s", kinds[k].ar, namesakes[name].ar);
	snprintf(s.name_fr, sizeof(s.name_fr), "%s %s", kinds[k].fr, namesakes[name].fr);
	snprintf(s.name_en, sizeof(s.name_en), "%s %s", namesakes[name].en, kinds[k].en);
	snprintf(s.country, sizeof(s.country), "%s", places[p].country);
	snprintf(s.region, sizeof(s.region), "%s", places[p].region);
	snprintf(s.region_ar, sizeof(s.region_ar), "%s", places[p].region_ar);
	snprintf(s.level, sizeof(s.level), "%s", kinds[k].level);
	s.lat_e6 = near(places[p].lat, places[p].spread, &state);
	s.lon_e6 = near(places[p].lon, places[p].spread, &state);
	s.pupils = kinds[k].pupils_from + (uint32_t)(next(&state) % kinds[k].pupils_span);
	*out = s;
}
