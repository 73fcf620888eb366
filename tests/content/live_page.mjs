// SPDX-License-Identifier: GPL-2.0-or-later
// live_page.mjs PORTAL SOCKETS: opens the pages of live classes in a headless Chromium; prints one line of JSON with what it saw.
import { request } from "node:http";
import { join } from "node:path";
import { chdir } from "node:process";
import { axeSource, chromium } from "../e2e/lib.mjs";

const [portal, sockets] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required", "--mute-audio"] });
const seen = { axe: [] };

// The box's control socket; by a short name, whatever the folder is called.
chdir(sockets);
const control = (method, path) => new Promise((done, fail) => request({ socketPath: "contentd.sock", method, path }, (answer) => {
	let text = "";
	answer.on("data", (bytes) => { text += bytes; }).on("end", () => done(JSON.parse(text)));
}).on("error", fail).end());
const until = async (probe) => {
	for (const end = Date.now() + 120000; Date.now() < end; await new Promise((go) => setTimeout(go, 100))) {
		const got = await probe();
		if (got) return got;
	}
};

async function open(path) {
	const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
	page.setDefaultTimeout(120000);
	const errors = [];
	page.on("pageerror", (error) => errors.push(String(error)));
	page.on("console", (line) => line.type() === "error" && errors.push(line.text()));
	await page.goto(`${portal}${path}?lang=ar`);
	return { page, errors };
}
async function axe(page) {
	await page.evaluate(axeSource);
	const { violations } = await page.evaluate("axe.run()");
	seen.axe.push(...violations.map((one) => `${page.url()}: ${one.id}`));
}
const facts = () => {
	const v = document.querySelector("video"), air = document.getElementById("air");
	return { seconds: v.currentTime, frames: v.getVideoPlaybackQuality().totalVideoFrames, sound: v.webkitAudioDecodedByteCount, air: air ? air.textContent : "" };
};
async function plays(path, air) { // until its page says AIR, too
	const { page, errors } = await open(path);
	await page.locator(".big").click();
	let now;
	await until(async () => (now = await page.evaluate(facts)) && now.seconds > 1 && now.frames > 10 && now.sound > 1000 && (!air || now.air === air));
	const out = { ...now, errors };
	await axe(page);
	await page.close();
	return out;
}

try {
	await control("POST", "/v1/live/keep?name=plain");
	[seen.plain, seen.apart] = await Promise.all(["plain", "apart"].map((name) => plays(`/live/${name}`, "مباشر الآن")));
	const { page } = await open("/live/later");
	await until(() => page.evaluate("document.getElementById('class').dataset.state === 'off'"));
	seen.later = await page.evaluate(() => ({ state: document.getElementById("class").dataset.state, card: document.querySelector(".card-text").textContent.trim(),
		button: !document.querySelector(".big").hidden }));
	await axe(page);
	await page.goto(`${portal}/live?lang=ar`);
	seen.list = await page.evaluate(() => [...document.querySelectorAll("main .card a")].map((a) => a.pathname.split("/").pop()));
	await axe(page);
	await control("POST", "/v1/live/stop?name=plain");
	let kept;
	await until(async () => ([kept] = (await control("GET", "/v1/live")).kept) && kept); // the last of it is still on its way to the disk
	await until(async () => (await fetch(`${portal}/live/${kept.id}`)).ok && (await fetch(`${portal}/p/live/${kept.id}/master.m3u8`)).ok);
	seen.kept = await plays(`/live/${kept.id}`);
} finally {
	console.log(JSON.stringify(seen));
	await browser.close();
}
