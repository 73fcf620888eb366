// SPDX-License-Identifier: GPL-2.0-or-later
// Asks wasl-hubd. The token lives in this tab only; a "#token=" in the address is taken and wiped from it.
const key = "wasl.token";
let token = "";

export class Refused extends Error {}

export function takeToken() {
	const found = /[#&]token=([^&]+)/.exec(location.hash);
	if (found) {
		keepToken(decodeURIComponent(found[1]));
		history.replaceState(null, "", `${location.pathname}#/`);
	}
	try { token ||= sessionStorage.getItem(key) ?? ""; } catch { /* kept in memory only */ }
	return token !== "";
}
export function keepToken(text) {
	token = text.trim();
	try { sessionStorage.setItem(key, token); } catch { /* kept in memory only */ }
}
export function dropToken() {
	token = "";
	try { sessionStorage.removeItem(key); } catch { /* nothing kept */ }
}

async function get(path) {
	const reply = await fetch(path, { headers: { Authorization: `Bearer ${token}` } });
	if (reply.status === 401 || reply.status === 403) throw new Refused();
	if (!reply.ok) {
		const body = await reply.json().catch(() => ({}));
		throw new Error(body.text ?? `${path}: ${reply.status}`);
	}
	return reply.json();
}

const one = encodeURIComponent;
const kinds = ["other", "fibre", "dsl", "mobile", "satellite", "other"];
const spans = ["up", "down", "unpowered", "unknown"]; // seconds, everywhere past this file

function shaped(row) {
	const week = Object.fromEntries(spans.map((name) => [name, 60 * (row.uplink?.[`${name}_min`] ?? 0)]));
	return { ...row, week, watched_s: row.use?.watched_s ?? 0 };
}

// The hours of one school by uplink: sums of the week, and one cell for each of the last 48 hours, reported or not.
const SHOWN = 48;
function uplinks(hours, now) {
	const by = new Map(), last = Math.floor(Date.parse(now) / 3600000);
	for (const hour of hours) {
		const one = by.get(hour.uplink) ?? { name: hour.uplink, kind: kinds[hour.kind] ?? "other", up: 0, down: 0, unpowered: 0, unknown: 0, rx_bytes: 0, tx_bytes: 0, n: 0,
			cells: Array.from({ length: SHOWN }, (_, i) => ({ at: new Date((last - SHOWN + 1 + i) * 3600000).toISOString(), up: 0, down: 0, unpowered: 0, unknown: 0 })) };
		for (const name of spans) one[name] += hour.s[name];
		one.rx_bytes += hour.rx_bytes;
		one.tx_bytes += hour.tx_bytes;
		one.n += hour.s.up + hour.s.down + hour.s.unpowered > 0;
		const cell = one.cells[SHOWN - 1 - (last - (Date.parse(`${hour.day}T00:00:00Z`) / 3600000 + hour.hour))];
		if (cell) Object.assign(cell, hour.s);
		by.set(hour.uplink, one);
	}
	return [...by.values()];
}

export async function schools() {
	const answer = await get("/v1/schools");
	return { schools: answer.schools.map(shaped), as_of: answer.now };
}
export const devices = async () => (await get("/v1/devices")).devices;
export const offers = async () => (await get("/v1/offers")).offers;
export const alerts = async () => (await get("/v1/alerts")).alerts;
export async function school(code) {
	const [about, series, usage, receipts] = await Promise.all([
		get(`/v1/schools/${one(code)}`), get(`/v1/series?school=${one(code)}&days=60`), get(`/v1/usage?school=${one(code)}`), get(`/v1/receipts?school=${one(code)}`),
	]);
	return { about: { ...shaped(about), uplinks: uplinks(about.hours, about.now) }, days: series.days, receipts: receipts.rows,
		use: usage.rows.map((row) => ({ ...row, title: usage.titles[row.lesson] })) };
}

// Calls `changed` at each server-sent event; begins again after a pause when the line goes. EventSource cannot send a token.
export async function follow(changed) {
	for (let pause = 1000;; pause = Math.min(pause * 2, 60000)) {
		try {
			const reply = await fetch("/v1/stream", { headers: { Authorization: `Bearer ${token}` } });
			if (!reply.ok) throw new Error(String(reply.status));
			const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
			for (let text = "";;) {
				const { done, value } = await reader.read();
				if (done) break;
				text += value;
				const events = text.split("\n\n");
				text = events.pop();
				if (events.some((event) => event.includes("data:"))) { pause = 1000; changed(); }
			}
		} catch { /* the next turn tries again */ }
		await new Promise((go) => setTimeout(go, pause));
	}
}
