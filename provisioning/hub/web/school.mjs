// SPDX-License-Identifier: GPL-2.0-or-later
// One school: how it stands and why, its days, its uplinks, what was watched, and what it was given a receipt for.
import { h } from "./dom.mjs";
import { mark } from "./marks.mjs";
import { strip } from "./strip.mjs";
import { count, minutes, moment, named, number, percent, region, t, when } from "./words.mjs";

const section = (id, ...content) => h("section", { class: "card" }, h("h2", {}, t(id)), ...content);
const none = (id) => h("p", { class: "none" }, t(id));

export function schoolPage({ about, days, use, receipts }) {
	return h("article", { class: "school", "data-school": about.code },
		h("p", { class: "back" }, h("a", { href: "#/" }, t("hub.back"))),
		h("header", {},
			h("h1", {}, named(about.name)),
			h("p", { class: "where" }, h("bdi", {}, about.code), " · ", h("bdi", {}, region(about)), " · ", t(`country.${about.country}`),
				about.pupils ? ` · ${count("hub.pupils", about.pupils)}` : ""),
			h("p", { class: "standing" }, mark(about.state), h("b", {}, t(`state.${about.state}`)), reason(about)),
			h("p", { class: "asof" }, t("hub.seen", { when: when(about.last_seen) }), about.as_of ? ` · ${t("hub.until", { date: moment(about.as_of) })}` : "")),
		section("hub.days", days.length ? strip(days) : none("hub.days.none")),
		section("hub.uplinks", about.uplinks?.length ? uplinks(about.uplinks) : none("hub.uplinks.none")),
		section("hub.lessons", use.length ? lessons(use) : none("hub.lessons.none")),
		section("hub.receipts", receipts.length ? given(receipts) : none("hub.receipts.none")));
}

function reason(about) {
	const id = `reason.${about.reason}`;
	return about.reason ? h("span", { class: "soft" }, t(id), about.layer ? ` (${t(`layer.${about.layer.toLowerCase()}`)})` : "") : undefined;
}

function uplinks(list) {
	return h("div", { class: "multiples" }, list.map((one) => {
		const known = one.up + one.down;
		return h("div", { class: "uplink" }, h("h3", {}, h("bdi", {}, one.name), " ", h("small", {}, t(`uplink.${one.kind}`))),
			h("div", { class: "share", role: "img", "aria-label": percent(one.up, known) },
				h("i", { class: "good", style: { flexGrow: one.up } }), h("i", { class: "no", style: { flexGrow: one.down } }),
				h("i", { class: "unpowered", style: { flexGrow: one.unpowered } }), h("i", { class: "unknown", style: { flexGrow: one.unknown } })),
			h("p", {}, t("hub.uplink.up", { part: percent(one.up, known), minutes: minutes(one.up) })),
			h("p", { class: "soft" }, t("hub.uplink.bytes", { down: megabytes(one.rx_bytes), up: megabytes(one.tx_bytes) })));
	}));
}

const megabytes = (bytes) => (bytes < 1e5 ? t("unit.kb", { n: number(bytes / 1e3, 0) }) : bytes < 1e9 ? t("unit.mb", { n: number(bytes / 1e6, bytes < 1e7 ? 1 : 0) }) : t("unit.gb", { n: number(bytes / 1e9, 1) }));

function lessons(use) {
	const by = new Map();
	for (const one of use) {
		const sum = by.get(one.lesson) ?? { title: one.title, starts: 0, watched_s: 0, sent_bytes: 0, completions: 0 };
		for (const name of ["starts", "watched_s", "sent_bytes", "completions"]) sum[name] += one[name];
		by.set(one.lesson, sum);
	}
	const rows = [...by].sort((a, b) => b[1].watched_s - a[1].watched_s);
	return h("table", {}, h("thead", {}, h("tr", {}, ["hub.lesson", "hub.starts", "hub.watched", "hub.completed", "hub.sent"].map((id, i) => h("th", { scope: "col", class: i ? "number" : undefined }, t(id))))),
		h("tbody", {}, rows.map(([id, sum]) => h("tr", { "data-lesson": id }, h("th", { scope: "row" }, named(sum.title) || id),
			h("td", { class: "number" }, number(sum.starts)), h("td", { class: "number" }, minutes(sum.watched_s)),
			h("td", { class: "number" }, number(sum.completions)), h("td", { class: "number" }, megabytes(sum.sent_bytes))))));
}

function given(receipts) {
	return h("ul", { class: "receipts" }, receipts.slice(0, 20).map((one) => h("li", { "data-receipt": one.through_seq },
		h("b", {}, t("hub.receipt", { n: number(one.through_seq) })), h("span", {}, moment(one.at)),
		h("code", { dir: "ltr" }, one.head_hash.slice(0, 16)))));
}
