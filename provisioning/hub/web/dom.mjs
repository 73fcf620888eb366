// SPDX-License-Identifier: GPL-2.0-or-later
// h("a", { href, class }, "text", child): an element. Text is always text: nothing here parses HTML.
const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (value === undefined || value === null || value === false) continue;
		if (name === "style") Object.assign(element.style, value); // an object: the page's policy refuses style attributes
		else if (typeof value === "function") element.addEventListener(name, value);
		else element.setAttribute(name, value === true ? "" : String(value));
	}
	element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
	return element;
}

export const h = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
export const s = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);
