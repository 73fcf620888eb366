// SPDX-License-Identifier: GPL-2.0-or-later
// The map: country outlines and one mark per school on a canvas. Fits what is shown; wheel, drag and pinch-free buttons zoom.
// Everything on it is in the table beside it, which is what keyboards and screen readers use.
import { h } from "./dom.mjs";
import { colours, paint, states } from "./marks.mjs";
import { named, t } from "./words.mjs";

const rings = (geometry) => (geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates).flat();

function boundsOf(points) {
	const box = { west: Infinity, east: -Infinity, south: Infinity, north: -Infinity };
	for (const [lon, lat] of points) {
		box.west = Math.min(box.west, lon); box.east = Math.max(box.east, lon);
		box.south = Math.min(box.south, lat); box.north = Math.max(box.north, lat);
	}
	return box;
}

export class SchoolMap {
	constructor(outlines, open) {
		this.outlines = outlines;
		this.open = open;
		this.schools = [];
		this.zoom = 1;
		this.shift = [0, 0];
		this.canvas = h("canvas", { "aria-hidden": "true" });
		this.tip = h("div", { class: "tip", hidden: true });
		this.element = h("div", { class: "map", role: "group", "aria-label": t("hub.map") }, this.canvas, this.tip,
			h("div", { class: "zoom" },
				h("button", { type: "button", "aria-label": t("hub.zoom.in"), click: () => this.scale(1.6) }, "+"),
				h("button", { type: "button", "aria-label": t("hub.zoom.out"), click: () => this.scale(1 / 1.6) }, "−")));
		this.listen();
		new ResizeObserver(() => this.draw()).observe(this.element);
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
	}

	listen() {
		let from;
		this.canvas.addEventListener("wheel", (e) => { e.preventDefault(); this.scale(e.deltaY < 0 ? 1.25 : 0.8, [e.offsetX, e.offsetY]); }, { passive: false });
		this.canvas.addEventListener("pointerdown", (e) => { from = { x: e.clientX, y: e.clientY, shift: this.shift, moved: false }; this.canvas.setPointerCapture(e.pointerId); });
		this.canvas.addEventListener("pointermove", (e) => {
			if (from && Math.hypot(e.clientX - from.x, e.clientY - from.y) > 4) {
				from.moved = true;
				this.shift = [from.shift[0] + e.clientX - from.x, from.shift[1] + e.clientY - from.y];
				this.draw();
			} else if (!from) this.hover(e);
		});
		this.canvas.addEventListener("pointerup", (e) => {
			const school = from && !from.moved && this.at(e.offsetX, e.offsetY);
			from = undefined;
			if (school) this.open(school);
		});
		this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
	}

	// Keeps the point under `at` (pixels of the canvas; its middle when absent) where it is.
	scale(by, at) {
		const middle = [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2];
		const zoom = Math.min(40, Math.max(1, this.zoom * by));
		const real = zoom / this.zoom;
		this.shift = zoom === 1 ? [0, 0] : this.shift.map((v, i) => {
			const from = (at ?? middle)[i] - middle[i];
			return from - (from - v) * real;
		});
		this.zoom = zoom;
		this.draw();
	}

	show(schools) {
		const order = new Map(states.map((name, i) => [name, i]));
		const placed = schools.filter((one) => Number.isFinite(one.lat) && Number.isFinite(one.lon));
		const changed = placed.length !== this.schools.length;
		this.schools = placed.sort((a, b) => order.get(a.state) - order.get(b.state));
		if (changed) { this.zoom = 1; this.shift = [0, 0]; }
		this.draw();
	}

	// Longitude shrinks with the cosine of the middle latitude: shapes look right for countries of this size.
	project() {
		const width = this.element.clientWidth, height = this.element.clientHeight, edge = 28;
		const countries = new Set(this.schools.map((one) => one.country));
		const land = this.outlines.features.filter((f) => countries.has(f.properties.country) || countries.size === 0);
		const points = this.schools.length ? this.schools.map((one) => [one.lon, one.lat]) : land.flatMap((f) => rings(f.geometry).flat());
		const box = boundsOf(points.length ? points : [[-10, 28], [12, 37]]);
		const middle = (box.south + box.north) / 2, squeeze = Math.cos((middle * Math.PI) / 180);
		const spanX = Math.max((box.east - box.west) * squeeze, 0.2), spanY = Math.max(box.north - box.south, 0.2);
		const k = Math.min((width - 2 * edge) / spanX, (height - 2 * edge) / spanY) * this.zoom;
		const west = (box.west + box.east) / 2;
		this.place = (lon, lat) => [width / 2 + k * (lon - west) * squeeze + this.shift[0], height / 2 - k * (lat - middle) + this.shift[1]];
	}

	draw() {
		const width = this.element.clientWidth, height = this.element.clientHeight;
		if (!width || !height) return;
		const ratio = devicePixelRatio || 1;
		this.canvas.width = width * ratio;
		this.canvas.height = height * ratio;
		const c = this.canvas.getContext("2d");
		c.scale(ratio, ratio);
		this.project();
		const colour = colours();
		c.strokeStyle = colour.line;
		c.fillStyle = colour.sand;
		c.lineWidth = 1;
		for (const feature of this.outlines.features) {
			c.beginPath();
			for (const ring of rings(feature.geometry)) {
				ring.forEach(([lon, lat], i) => c[i ? "lineTo" : "moveTo"](...this.place(lon, lat)));
				c.closePath();
			}
			c.fill("evenodd");
			c.stroke();
		}
		const size = this.schools.length > 2000 ? 6 : this.schools.length > 300 ? 9 : 15;
		for (const one of this.schools) paint(c, one.state, ...this.place(one.lon, one.lat), size, colour[one.state], colour.paper);
	}

	at(x, y) {
		let best, near = 14;
		for (const one of this.schools) {
			const [px, py] = this.place(one.lon, one.lat);
			const far = Math.hypot(px - x, py - y);
			if (far < near) { near = far; best = one; }
		}
		return best;
	}

	hover(e) {
		const one = this.at(e.offsetX, e.offsetY);
		this.canvas.style.cursor = one ? "pointer" : "grab";
		this.tip.hidden = !one;
		if (!one) return;
		this.tip.textContent = `${named(one.name)} · ${t(`state.${one.state}`)}`;
		const [x, y] = this.place(one.lon, one.lat);
		this.tip.style.left = `${x}px`;
		this.tip.style.top = `${y}px`;
	}
}
