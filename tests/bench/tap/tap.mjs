// SPDX-License-Identifier: GPL-2.0-or-later
// tap.mjs PORTAL PATH SECOND: opens a lesson's page, taps on play, then jumps to SECOND; one line of JSON: milliseconds from the finger
// to the first picture of each, as the page's own clock saw them.
import { chromium } from "../../e2e/lib.mjs";

const [portal, path, second] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio"] });
const until = async (probe) => { // the page's own rules let nobody poll from within
	for (const end = Date.now() + 60000; Date.now() < end; await new Promise((go) => setTimeout(go, 50)))
		if (await probe()) return;
	throw new Error(`not so after a minute: ${probe}`);
};

try {
	const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
	await page.goto(`${portal}${path}?lang=ar`);
	await until(() => page.evaluate(() => Boolean(window.Hls))); // as it is before a person has found the button
	await page.evaluate(() => {
		const video = document.querySelector("video"), button = document.querySelector(".big");
		// The first picture at or after `from`, counted from the event that asked for it.
		window.shown = (from) => new Promise((done) => {
			const look = (now, frame) => frame.mediaTime >= from - 0.5 ? done(performance.now()) : video.requestVideoFrameCallback(look);
			video.requestVideoFrameCallback(look);
		});
		window.tap = new Promise((done) => button.addEventListener("click", (e) => {
			window.tappedAt = e.timeStamp;
			window.shown(0).then((at) => done(at - e.timeStamp));
		}, { capture: true }));
		// What was asked for since `begin`: when, and when its last byte was there.
		window.asked = (begin) => performance.getEntriesByType("resource").filter((r) => r.startTime >= begin && /\/m\//.test(r.name))
			.map((r) => [r.name.split("/").slice(-2).join("/"), Math.round(r.startTime - begin), Math.round(r.responseEnd - begin)]);
	});
	await page.click(".big");
	const tap = await page.evaluate(() => window.tap), taps = await page.evaluate(() => window.asked(window.tappedAt));
	await until(() => page.evaluate(() => document.querySelector("video").currentTime > 1));
	const seek = await page.evaluate((to) => {
		const slider = document.querySelector(".seek"), video = document.querySelector("video");
		for (let i = 0; i < video.buffered.length; i++)
			if (video.buffered.start(i) <= to && video.buffered.end(i) > to) throw new Error("it is in the player already");
		const begin = performance.now();
		slider.value = to;
		slider.dispatchEvent(new Event("input"));
		const shown = window.shown(to);
		slider.dispatchEvent(new Event("change"));
		return shown.then((at) => ({ ms: at - begin, asked: window.asked(begin) }));
	}, Number(second));
	const more = await page.evaluate(() => {
		const video = document.querySelector("video");
		return { height: video.videoHeight, sound: video.webkitAudioDecodedByteCount > 0, at: video.currentTime };
	});
	if (!more.sound) throw new Error("no sound");
	console.log(JSON.stringify({ tap_ms: Math.round(tap), seek_ms: Math.round(seek.ms), ...more, tap_asked: taps, seek_asked: seek.asked }));
} finally {
	await browser.close();
}
