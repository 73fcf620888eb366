// SPDX-License-Identifier: GPL-2.0-or-later
// The table twin of the map: the same rows, sorted as asked, drawn a page at a time so that 10,000 schools stay quick.
import { h } from "./dom.mjs";
import { mark, states } from "./marks.mjs";
import { minutes, named, number, percent, region, t, when } from "./words.mjs";

const PAGE = 100;
const worst = new Map(["no", "unpowered", "moderate", "unknown", "good", "never"].map((name, i) => [name, i]));
const text = (a, b) => a.localeCompare(b);
const columns = [
	{ id: "state", by: (a, b) => worst.get(a.state) - worst.get(b.state) },
	{ id: "school", by: (a, b) => text(named(a.name), named(b.name)) },
	{ id: "region", by: (a, b) => text(`${a.country}${a.region}`, `${b.country}${b.region}`) },
	{ id: "up", number: true, by: (a, b) => b.week.up - a.week.up },
	{ id: "watched", number: true, by: (a, b) => b.watched_s - a.watched_s },
	{ id: "seen", by: (a, b) => text(b.last_seen ?? "", a.last_seen ?? "") },
];

export class SchoolTable {
	constructor() {
		this.sort = columns[0];
		this.turned = false;
		this.limit = PAGE;
		this.rows = [];
		this.body = h("tbody");
		this.more = h("button", { type: "button", class: "quiet", click: () => { this.limit += 5 * PAGE; this.draw(); } });
		this.heads = columns.map((column) => h("th", { scope: "col", class: column.number ? "number" : undefined },
			h("button", { type: "button", click: () => this.by(column) }, t(`hub.column.${column.id}`))));
		this.element = h("div", { class: "table", tabindex: 0, role: "region", "aria-label": t("hub.table") },
			h("table", {}, h("thead", {}, h("tr", {}, this.heads)), this.body), this.more);
	}

	by(column) {
		this.turned = this.sort === column && !this.turned;
		this.sort = column;
		this.draw();
	}

	show(rows) {
		this.rows = rows;
		this.draw();
	}

	draw() {
		columns.forEach((column, i) => this.heads[i].setAttribute("aria-sort", column !== this.sort ? "none" : this.turned ? "descending" : "ascending"));
		const sorted = [...this.rows].sort((a, b) => (this.turned ? -1 : 1) * this.sort.by(a, b) || text(a.code, b.code));
		this.body.replaceChildren(...sorted.slice(0, this.limit).map(row));
		if (!sorted.length) this.body.append(h("tr", {}, h("td", { colspan: columns.length, class: "none" }, t("hub.none"))));
		this.more.hidden = sorted.length <= this.limit;
		this.more.textContent = t("hub.more", { n: number(sorted.length - this.limit) });
	}
}

function row(one) {
	const known = one.week.up + one.week.down;
	return h("tr", {},
		h("td", { class: "state" }, mark(one.state), " ", t(`state.${one.state}`), one.state === "good" ? undefined : h("small", {}, t(`reason.${one.reason}`))),
		h("th", { scope: "row" }, h("a", { href: `#/school/${encodeURIComponent(one.code)}` }, named(one.name), h("small", {}, h("bdi", {}, one.code)))),
		h("td", {}, h("bdi", {}, region(one)), h("small", {}, t(`country.${one.country}`))),
		h("td", { class: "number" }, known ? percent(one.week.up, known) : "–", known ? h("small", {}, minutes(one.week.up)) : undefined),
		h("td", { class: "number" }, one.watched_s ? minutes(one.watched_s) : "–"),
		h("td", {}, when(one.last_seen)));
}

export const chips = (rows, chosen, toggle) => [...states].reverse().map((state) => {
	const n = rows.filter((one) => one.state === state).length;
	return h("button", { type: "button", class: "chip", "aria-pressed": String(chosen.has(state)), click: () => toggle(state) },
		mark(state), t(`state.${state}`), h("b", {}, number(n)));
});
