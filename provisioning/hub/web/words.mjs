// SPDX-License-Identifier: GPL-2.0-or-later
// Sentences, numbers and dates in the reader's language. Maghreb countries write 0-9 in Arabic too.
const locales = { ar: "ar-TN-u-nu-latn", fr: "fr-TN", en: "en-GB" };
let table = {};
let lang = "ar";

export const languages = ["ar", "fr", "en"];
export const current = () => lang;
export const locale = () => locales[lang];

function stored() {
	try { return localStorage.getItem("lang"); } catch { return null; }
}

export async function speak(wanted = stored()) {
	lang = languages.includes(wanted) ? wanted : "ar";
	try { localStorage.setItem("lang", lang); } catch { /* a private window keeps nothing */ }
	const reply = await fetch(`/assets/strings-${lang}.json`);
	table = await reply.json();
	document.documentElement.lang = lang;
	document.documentElement.dir = lang === "ar" ? "rtl" : "ltr";
	document.title = t("hub.title");
}

export function t(id, places = {}) {
	const text = table[id] ?? id;
	return text.replace(/\{([a-z_]+)\}/g, (whole, name) => places[name] ?? whole);
}

// The plural form for n: "hub.schools" -> "hub.schools.few".
export function count(id, n, places = {}) {
	const form = `${id}.${new Intl.PluralRules(lang).select(n)}`;
	return t(table[form] ? form : `${id}.other`, { n: number(n), ...places });
}

export const number = (n, digits = 0) => new Intl.NumberFormat(locales[lang], { maximumFractionDigits: digits }).format(n);
export const percent = (part, whole) => (whole > 0 ? t("hub.percent", { n: number((100 * part) / whole, part === whole ? 0 : 1) }) : "–");
export const named = (texts) => texts?.[lang] || texts?.ar || texts?.fr || texts?.en || "";

export const region = (school) => (lang === "ar" && school.region_ar) || school.region;

export function minutes(seconds) {
	if (seconds > 0 && seconds < 60) return t("hub.seconds", { n: number(seconds) });
	const m = Math.round(seconds / 60);
	if (m < 120) return t("hub.minutes", { n: number(m) });
	return t("hub.hours", { n: number(m / 60, m < 6000 ? 1 : 0) });
}

export const megabytes = (bytes) => (bytes < 1e5 ? t("unit.kb", { n: number(bytes / 1e3, 0) }) : bytes < 1e9 ? t("unit.mb", { n: number(bytes / 1e6, bytes < 1e7 ? 1 : 0) }) : t("unit.gb", { n: number(bytes / 1e9, 1) }));
// "ar" -> "Arabic"; what a school wrote that is no language is shown as it is.
export function tongue(code) {
	try { return new Intl.DisplayNames([locales[lang]], { type: "language" }).of(code); } catch { return code || "–"; }
}

export function when(iso) {
	if (!iso) return t("hub.never");
	const date = new Date(iso);
	const ago = (Date.now() - date.getTime()) / 1000;
	if (ago < 60) return t("hub.now");
	const relative = new Intl.RelativeTimeFormat(locales[lang], { numeric: "auto" });
	if (ago < 3600) return relative.format(-Math.round(ago / 60), "minute");
	if (ago < 86400) return relative.format(-Math.round(ago / 3600), "hour");
	return new Intl.DateTimeFormat(locales[lang], { dateStyle: "medium" }).format(date);
}

export function moment(iso) {
	return iso ? new Intl.DateTimeFormat(locales[lang], { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(new Date(iso)) : t("hub.never");
}

export const day = (text) => new Intl.DateTimeFormat(locales[lang], { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(`${text}T00:00:00Z`));
export const hour = (iso) => new Intl.DateTimeFormat(locales[lang], { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(iso));
