// SPDX-License-Identifier: GPL-2.0-or-later
// One school: how it stands and why, its days, its uplinks, what was watched, and what it was given a receipt for.
import { h } from "./dom.mjs";
import { mark } from "./marks.mjs";
import { hours, key, strip } from "./strip.mjs";
import { count, hour, megabytes, minutes, moment, named, number, percent, region, t, when } from "./words.mjs";

const section = (id, ...content) => h("section", { class: "card" }, h("h2", {}, t(id)), ...content);
const none = (id) => h("p", { class: "none" }, t(id));

export function schoolPage({ about, days, use, receipts }) {
	return h("article", { class: "school", "data-school": about.code },
		h("p", { class: "back" }, h("a", { href: "#/" }, t("hub.back"))),
		h("header", {},
			h("h1", {}, named(about.name)),
			h("p", { class: "where" }, h("bdi", {}, about.code), " · ", h("bdi", {}, region(about)), " · ", t(`country.${about.country}`),
				about.pupils ? ` · ${count("hub.pupils", about.pupils)}` : "", about.sample ? ` · ${t("hub.sample.one")}` : ""),
			h("p", { class: "standing" }, mark(about.state), h("b", {}, t(`state.${about.state}`)), reason(about)),
			h("p", { class: "asof" }, t("hub.seen", { when: when(about.last_seen) }), about.as_of ? ` · ${t("hub.until", { date: moment(about.as_of) })}` : "")),
		section("hub.days", about.last_seen ? strip(days) : none("hub.days.none")),
		section("hub.uplinks", about.uplinks.length ? uplinks(about) : none("hub.uplinks.none")),
		section("hub.lessons", use.length ? lessons(use) : none("hub.lessons.none")),
		section("hub.receipts", receipts.length ? given(receipts) : none("hub.receipts.none")),
		section("hub.box", about.boxes.length ? about.boxes.map(box) : none("reason.no-box")));
}

function reason(about) {
	const id = `reason.${about.reason}`;
	return about.reason ? h("span", { class: "soft" }, t(id), about.layer ? ` (${t(`layer.${about.layer.toLowerCase()}`)})` : "") : undefined;
}

function uplinks(about) {
	return h("div", { class: "multiples" }, about.uplinks.map((one) => {
		const known = one.up + one.down;
		const cells = one.cells.map((cell) => ({ ...cell, label: hour(cell.at) }));
		return h("div", { class: "uplink" }, h("h3", {}, h("bdi", {}, one.name), " ", h("small", {}, t(`uplink.${one.kind}`))),
			hours(cells, one.name),
			h("p", {}, known ? t("hub.uplink.up", { part: percent(one.up, known), minutes: minutes(one.up) }) : t("reason.gap"),
				h("small", {}, `${t("hub.uplink.bytes", { down: megabytes(one.rx_bytes), up: megabytes(one.tx_bytes) })} · ${t("hub.hours.n", { n: number(one.n) })}`)));
	}), h("div", {}, key()), speed(about));
}

function speed({ speed: { down_kbps, n }, standard_kbps }) {
	if (!down_kbps) return h("p", { class: "soft" }, t("reason.unmeasured"));
	return h("p", {}, t("hub.speed", { speed: number(down_kbps / 1000, 1), standard: number(standard_kbps / 1000, 1) }), h("small", {}, t("hub.speed.n", { n: number(n) })));
}


function lessons(use) {
	const by = new Map();
	for (const one of use) {
		const sum = by.get(one.lesson) ?? { title: one.title, starts: 0, watched_s: 0, sent_bytes: 0, completions: 0 };
		for (const name of ["starts", "watched_s", "sent_bytes", "completions"]) sum[name] += one[name];
		by.set(one.lesson, sum);
	}
	const rows = [...by].sort((a, b) => b[1].watched_s - a[1].watched_s);
	return [h("table", {}, h("thead", {}, h("tr", {}, ["hub.lesson", "hub.starts", "hub.watched"].map((id, i) => h("th", { scope: "col", class: i ? "number" : undefined }, t(id))))),
		h("tbody", {}, rows.map(([id, sum]) => h("tr", { "data-lesson": id },
			h("th", { scope: "row" }, named(sum.title) || h("bdi", {}, id), h("small", {}, t("hub.lesson.more", { done: number(sum.completions), sent: megabytes(sum.sent_bytes) }))),
			h("td", { class: "number" }, number(sum.starts)), h("td", { class: "number" }, minutes(sum.watched_s)))))),
		h("p", { class: "foot" }, t("hub.lessons.n", { n: number(rows.reduce((sum, [, one]) => sum + one.starts, 0)) }))];
}

function given(receipts) {
	return h("ul", { class: "receipts" }, receipts.slice(0, 20).map((one) => h("li", { "data-receipt": one.through_seq },
		h("b", {}, t("hub.receipt", { n: number(one.through_seq) })), h("span", {}, moment(one.at)),
		h("code", { dir: "ltr" }, one.head_hash.slice(0, 16)))));
}

// What was damaged is brought again by itself; that sectors cannot be read says that the disk may soon fail.
const rot = (health) => h("span", { "data-unreadable": health.disk_unreadable },
	health.disk_bad ? t("hub.box.rot.found", { n: number(health.disk_bad), unread: number(health.disk_unreadable) }) : t("hub.box.rot.none"),
	health.disk_read ? h("small", {}, t("hub.box.rot.read", { date: moment(health.disk_read) })) : undefined);

// The number that the box says it runs, what there is for it where that is another, and each scope of which it keeps another set.
const settings = (runs, newest, scopes) => h("span", { "data-settings": runs, "data-newest": newest },
	runs === newest ? number(runs) : t("hub.box.settings.waits", { n: number(runs), newest: number(newest) }),
	scopes.filter((one) => one.has !== null && one.has !== one.newest).map((one) => h("small", { "data-scope": one.scope },
		t(`hub.box.settings.${one.scope}`, { n: number(one.has), newest: number(one.newest) }))));

// The box that stands in the school, by what it last said of itself.
function box(one) {
	const health = one.health;
	const facts = [
		["hub.box.state", t(`box.${one.state}`)],
		["hub.box.version", h("bdi", {}, health?.image_version || one.image_version || "–")],
		["hub.box.board", h("bdi", {}, health?.board || one.board || "–")],
		health ? ["hub.box.lessons", t("hub.box.of", { n: number(health.lessons_ready), of: number(health.lessons_total) })] : undefined,
		health ? ["hub.box.disk", megabytes(health.disk_free_bytes)] : undefined,
		health && (health.disk_read || health.disk_bad) ? ["hub.box.rot", rot(health)] : undefined,
		health && health.disk_wear_percent !== null ? ["hub.box.wear", percent(health.disk_wear_percent, 100)] : undefined,
		health && (health.settings_version || one.settings_newest) ? ["hub.box.settings", settings(health.settings_version, one.settings_newest, one.settings)] : undefined,
		one.held ? ["hub.box.held", number(one.held)] : undefined,
		["hub.box.device", h("code", { dir: "ltr" }, one.device.slice(0, 16))],
	];
	return h("dl", {}, facts.filter(Boolean).flatMap(([id, value]) => [h("dt", {}, t(id)), h("dd", {}, value)]));
}
