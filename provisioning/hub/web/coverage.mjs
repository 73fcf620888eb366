// SPDX-License-Identifier: GPL-2.0-or-later
// "How are we today?": one sentence, then map and table of the same rows under the same filters.
import { h } from "./dom.mjs";
import { SchoolMap } from "./map.mjs";
import { SchoolTable, chips } from "./table.mjs";
import { count, moment, number, region, t } from "./words.mjs";

const fold = (text) => text.normalize("NFD").replace(/[\u0300-\u036f\u064b-\u0652\u0640]/g, "").replace(/[أإآ]/g, "ا").replace(/ى/g, "ي").replace(/ة/g, "ه").toLowerCase();
const chosen = { text: "", place: "", states: new Set() }; // outlives a visit to a school

export class Coverage {
	constructor(outlines, open) {
		this.map = new SchoolMap(outlines, open);
		this.table = new SchoolTable();
		this.sentence = h("h1", { class: "sentence" });
		this.asOf = h("p", { class: "asof" });
		this.states = h("div", { class: "chips", role: "group", "aria-label": t("hub.filter.state") });
		this.find = h("input", { type: "search", value: chosen.text, placeholder: t("hub.filter.text"), "aria-label": t("hub.filter.text"),
			input: () => { chosen.text = this.find.value; this.draw(); } });
		this.place = h("select", { "aria-label": t("hub.filter.place"), change: () => { chosen.place = this.place.value; this.draw(); } });
		this.element = h("div", { class: "coverage" }, this.sentence, this.asOf,
			h("div", { class: "filters" }, this.find, this.place, this.states),
			h("div", { class: "twins" }, this.map.element, this.table.element));
	}

	show({ schools, as_of }) {
		this.schools = schools.map((one) => ({ ...one, words: fold([one.code, ...Object.values(one.name), one.region, one.region_ar].join(" ")) }));
		this.asOf.textContent = t("hub.asof", { date: moment(as_of), n: number(schools.length) })
			+ (schools.some((one) => one.sample) ? ` · ${t("hub.sample")}` : "");
		this.places();
		this.draw();
	}

	places() {
		const by = new Map();
		for (const one of this.schools) by.set(one.country, (by.get(one.country) ?? new Map()).set(one.region, region(one)));
		this.place.replaceChildren(h("option", { value: "" }, t("hub.everywhere")),
			...[...by].sort().map(([country, regions]) => h("optgroup", { label: t(`country.${country}`) },
				h("option", { value: country }, t("hub.whole", { place: t(`country.${country}`) })),
				...[...regions].sort((a, b) => a[1].localeCompare(b[1])).map(([id, name]) => h("option", { value: `${country}/${id}` }, name)))));
		this.place.value = chosen.place;
	}

	draw() {
		const words = fold(chosen.text).split(/\s+/).filter(Boolean);
		const [country, place] = chosen.place.split("/");
		const here = this.schools.filter((one) => (!country || one.country === country) && (!place || one.region === place) && words.every((word) => one.words.includes(word)));
		const rows = chosen.states.size ? here.filter((one) => chosen.states.has(one.state)) : here;
		this.states.replaceChildren(...chips(here, chosen.states, (state) => {
			if (!chosen.states.delete(state)) chosen.states.add(state);
			this.draw();
		}));
		this.sentence.textContent = sentence(here);
		this.map.show(rows);
		this.table.show(rows);
	}
}

// Only what is known: schools whose box spoke within a day, and how those stand.
function sentence(rows) {
	const today = rows.filter((one) => one.last_seen && Date.now() - Date.parse(one.last_seen) < 86400000);
	const of = (state) => today.filter((one) => one.state === state).length;
	const parts = [t("hub.sentence.reported", { n: number(today.length), of: count("hub.schools", rows.length) })];
	if (today.length) {
		parts.push(t("hub.sentence.good", { n: number(of("good")) }));
		if (of("no")) parts.push(t("hub.sentence.no", { n: number(of("no")) }));
		if (of("unpowered")) parts.push(t("hub.sentence.unpowered", { n: number(of("unpowered")) }));
	}
	return `${parts.join(t("hub.sentence.join"))}.`;
}

