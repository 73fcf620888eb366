// SPDX-License-Identifier: GPL-2.0-or-later
// Time as columns: what of each day or hour was up, down, without power or unknown. A gap is drawn as a gap, and time runs
// in the reading direction: the oldest column stands where a line begins.
import { h, s } from "./dom.mjs";
import { mark } from "./marks.mjs";
import { day, minutes, number, t } from "./words.mjs";

const parts = [["up", "good"], ["down", "no"], ["unpowered", "unpowered"]]; // from the floor; the rest of the column is unknown
const DAY = 86400, HOUR = 3600, WIDTH = 14;

// Columns of `whole` seconds each; a column that nobody reported is an empty frame.
function columns(cells, whole, height, name, label) {
	const mirrored = document.documentElement.dir === "rtl";
	const drawn = cells.map((one, i) => {
		const x = (mirrored ? cells.length - 1 - i : i) * WIDTH + 1, width = WIDTH - 3;
		let top = height;
		const bars = parts.map(([part, state]) => {
			const tall = one[part] > 0 ? Math.max((height * one[part]) / whole, 2.5) : 0;
			top = Math.max(top - tall, 0);
			return tall > 0 ? s("rect", { class: state, x, y: top, width, height: Math.min(tall, height) }) : undefined;
		});
		const said = parts.filter(([part]) => one[part] > 0).map(([part, state]) => `${t(`state.${state}`)} ${minutes(one[part])}`);
		return s("g", {}, s("title", {}, `${name(one)}: ${said.join(t("hub.list.join")) || t("state.unknown")}`),
			s("rect", { class: "gap", x, y: 0, width, height }), ...bars);
	});
	return s("svg", { viewBox: `0 0 ${cells.length * WIDTH} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, drawn);
}

const ends = (from, to) => h("div", { class: "ends" }, h("span", {}, from), h("span", {}, to));

export const key = () => h("div", { class: "keys" }, ...parts.map(([, state]) => h("span", { class: "key" }, mark(state), t(state === "good" ? "hub.up" : `state.${state}`))),
	h("span", { class: "key" }, h("i", { class: "frame" }), t("state.unknown")));

export function strip(days) {
	const reported = days.filter((one) => one.reported).length;
	return h("figure", { class: "strip days", "data-minutes": days.reduce((sum, one) => sum + Math.round(one.up / 60), 0) },
		columns(days, DAY, 96, (one) => day(one.day), t("hub.strip")), ends(day(days[0].day), t("hub.today")),
		h("figcaption", {}, key(), h("span", {}, t("hub.days.n", { n: number(reported), of: number(days.length) }))), table(days));
}

// One uplink, the same hours as its neighbours, so that they can be compared column by column.
export function hours(cells, name) {
	return h("figure", { class: "strip hours" }, columns(cells, HOUR, 40, (one) => one.label, t("hub.strip.hours", { name })), ends(cells[0].label, t("hub.now")));
}

// The same figures for who cannot see the picture, or wants to copy them.
function table(days) {
	return h("details", {}, h("summary", {}, t("hub.figures")), h("div", { class: "table" }, h("table", {},
		h("thead", {}, h("tr", {}, ["hub.day", "hub.up", "state.no", "state.unpowered", "state.unknown"].map((id, i) => h("th", { scope: "col", class: i ? "number" : undefined }, t(id))))),
		h("tbody", {}, [...days].reverse().map((one) => h("tr", {}, h("th", { scope: "row" }, day(one.day)),
			["up", "down", "unpowered", "unknown"].map((part) => h("td", { class: "number" }, minutes(one[part])))))))));
}
