// SPDX-License-Identifier: GPL-2.0-or-later
// The six states of a school, each a shape and a colour: on the map (canvas) and in text (SVG) from one list of paths.
import { s } from "./dom.mjs";

// Paths in a box of 16 x 16; `hollow` shapes are stroked, `dash` dotted. Drawn in this order: what needs eyes lies on top.
export const states = ["never", "unknown", "good", "moderate", "unpowered", "no"];
const shapes = {
	good: { path: "M8 2a6 6 0 1 0 .01 0z" },
	moderate: { path: "M8 1 15 8 8 15 1 8z", hollow: true, half: "M8 1 8 15 1 8z" },
	no: { path: "M2.5 2.5h11v11h-11z" },
	unpowered: { path: "M8 1.5 15 14.5H1z" },
	unknown: { path: "M8 2.5a5.5 5.5 0 1 0 .01 0z", hollow: true },
	never: { path: "M8 2.5a5.5 5.5 0 1 0 .01 0z", hollow: true, dash: true },
};

export function mark(state) {
	const shape = shapes[state] ?? shapes.unknown;
	return s("svg", { class: `mark ${state}`, viewBox: "0 0 16 16", "aria-hidden": "true" },
		s("path", { d: shape.path, fill: shape.hollow ? "none" : "currentColor", stroke: "currentColor", "stroke-width": shape.hollow ? 2 : 0,
			"stroke-dasharray": shape.dash ? "2 2.3" : undefined }),
		shape.half ? s("path", { d: shape.half, fill: "currentColor" }) : undefined);
}

export function colours() {
	const style = getComputedStyle(document.documentElement);
	const read = (name) => style.getPropertyValue(`--${name}`).trim();
	return { ...Object.fromEntries(states.map((name) => [name, read(name)])), paper: read("paper"), sand: read("sand"), line: read("line"), ink: read("ink") };
}

const paths = new Map();
export function paint(canvas, state, x, y, size, colour, paper) {
	const shape = shapes[state] ?? shapes.unknown;
	if (!paths.has(state)) paths.set(state, [new Path2D(shape.path), shape.half && new Path2D(shape.half)]);
	const [outline, half] = paths.get(state);
	canvas.save();
	canvas.translate(x - size / 2, y - size / 2);
	canvas.scale(size / 16, size / 16);
	canvas.fillStyle = shape.hollow ? paper : colour;
	canvas.strokeStyle = shape.hollow ? colour : paper;
	canvas.lineWidth = shape.hollow ? 2.4 : 1.6;
	canvas.setLineDash(shape.dash ? [2, 2.3] : []);
	canvas.stroke(outline);
	canvas.fill(outline);
	if (shape.hollow) canvas.stroke(outline);
	if (half) { canvas.fillStyle = colour; canvas.fill(half); }
	canvas.restore();
}
