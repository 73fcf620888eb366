// SPDX-License-Identifier: GPL-2.0-or-later
// Days as columns: what of each day was up, down, without power or unknown. A gap is drawn as a gap.
import { h, s } from "./dom.mjs";
import { mark } from "./marks.mjs";
import { current, day, minutes, t } from "./words.mjs";

const parts = [["up", "good"], ["down", "no"], ["unpowered", "unpowered"]]; // from the floor; the rest of the column is unknown
const DAY = 86400;

export function strip(days) {
	const last = days.slice(-60);
	const width = 14, height = 96;
	const slots = Math.max(last.length, 14);
	const columns = last.map((one, nth) => {
		const i = current() === "ar" ? slots - 1 - nth : nth; // time runs as the page reads
		let top = height;
		const bars = parts.map(([name, state]) => {
			const tall = one[name] ? Math.max((height * one[name]) / DAY, 2) : 0; // three minutes can be seen
			top -= tall;
			return one[name] > 0 ? s("rect", { class: state, x: i * width + 1, y: top, width: width - 3, height: tall }) : undefined;
		});
		const said = parts.filter(([name]) => one[name]).map(([name, state]) => `${t(`state.${state}`)} ${minutes(one[name])}`);
		return s("g", {}, s("title", {}, `${day(one.day)}: ${said.join("، ") || t("state.unknown")}`),
			s("rect", { class: "gap", x: i * width + 1, y: 0, width: width - 3, height }), ...bars);
	});
	const picture = s("svg", { viewBox: `0 0 ${slots * width} ${height}`, preserveAspectRatio: "xMinYMid meet", role: "img", "aria-label": t("hub.strip") }, columns);
	return h("figure", { class: "strip", "data-minutes": last.reduce((sum, one) => sum + Math.round(one.up / 60), 0) }, picture,
		h("figcaption", {}, h("span", {}, last.length ? `${day(last[0].day)} – ${day(last.at(-1).day)}` : t("hub.none")),
			...parts.map(([, state]) => h("span", { class: "key" }, mark(state), t(state === "good" ? "hub.up" : `state.${state}`)))),
		table(last));
}

// The same figures for who cannot see the picture, or wants to copy them.
function table(days) {
	return h("details", {}, h("summary", {}, t("hub.figures")), h("table", {},
		h("thead", {}, h("tr", {}, ["hub.day", "hub.up", "state.no", "state.unpowered", "state.unknown"].map((id) => h("th", { scope: "col" }, t(id))))),
		h("tbody", {}, days.map((one) => h("tr", {}, h("th", { scope: "row" }, day(one.day)),
			["up", "down", "unpowered", "unknown"].map((name) => h("td", { class: "number" }, minutes(one[name]))))))));
}
