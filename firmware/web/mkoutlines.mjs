// SPDX-License-Identifier: GPL-2.0-or-later
// mkoutlines.mjs ATLAS.json: outlines of the countries that Wasl's sample covers, as GeoJSON with 2 decimals (about 1 km).
// Natural Earth's default view of borders; a ministry replaces them with its own file (`waslhub borders`).
import { readFileSync } from "node:fs";
import { feature } from "topojson-client";

const wanted = { "788": "TN", "504": "MA", "012": "DZ" }; // ISO 3166-1 numeric -> alpha-2
const atlas = JSON.parse(readFileSync(process.argv[2], "utf8"));
const round = (c) => (typeof c[0] === "number" ? c.map((v) => Math.round(v * 100) / 100) : c.map(round));
const features = feature(atlas, atlas.objects.countries).features
	.filter((f) => wanted[f.id])
	.map((f) => ({
		type: "Feature",
		properties: { country: wanted[f.id] },
		geometry: { type: f.geometry.type, coordinates: round(f.geometry.coordinates) },
	}));
if (features.length !== Object.keys(wanted).length) {
	console.error(`mkoutlines: ${process.argv[2]} has ${features.length} of the wanted countries`);
	process.exit(1);
}
console.log(JSON.stringify({ type: "FeatureCollection", features }));
