// SPDX-License-Identifier: GPL-2.0-or-later
// Boxes, offered lessons and alerts: short tables, a link to the school in each row.
import { h } from "./dom.mjs";
import { megabytes, minutes, moment, named, t, tongue } from "./words.mjs";

const link = (code) => h("a", { href: `#/school/${encodeURIComponent(code)}` }, h("bdi", {}, code));

function list(id, heads, rows) {
	return h("article", { class: "list" }, h("h1", {}, t(id)),
		rows.length ? h("div", { class: "card table" }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, t(head))))), h("tbody", {}, rows)))
			: h("p", { class: "none" }, t(`${id}.none`)));
}

export const boxes = (devices) => list("hub.boxes", ["hub.column.school", "hub.box.state", "hub.box.board", "hub.box.version", "hub.box.enrolled", "hub.box.device"],
	devices.map((one) => h("tr", {}, h("td", {}, link(one.school)), h("td", {}, t(`box.${one.state}`)), h("td", {}, h("bdi", {}, one.board || "–")),
		h("td", {}, h("bdi", {}, one.image_version || "–")), h("td", {}, moment(one.enrolled)), h("td", {}, h("code", { dir: "ltr" }, one.device.slice(0, 12))))));

export const offered = (offers) => list("hub.offers", ["hub.lesson", "hub.column.school", "hub.offer.length", "hub.offer.size", "hub.offer.language", "hub.offer.said", "hub.alert.when"],
	offers.map((one) => h("tr", { "data-offer": one.lesson }, h("td", {}, h("bdi", {}, named(one.title) || one.lesson)), h("td", {}, link(one.school)),
		h("td", {}, minutes(one.duration_ms / 1000)), h("td", {}, megabytes(one.film_bytes)), h("td", {}, tongue(one.language)), h("td", {}, one.said ? t(`offer.${one.said}`) : "–"), h("td", {}, moment(one.received)))));

export const alarms = (alerts) => list("hub.alerts", ["hub.alert.when", "hub.column.school", "hub.alert.what"],
	alerts.map((one) => h("tr", {}, h("td", {}, moment(one.at)), h("td", {}, one.school ? link(one.school) : "–"),
		h("td", {}, t(`alert.${one.kind}`), h("small", { dir: "ltr", lang: "en" }, one.text)))));
