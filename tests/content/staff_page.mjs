// SPDX-License-Identifier: GPL-2.0-or-later
// staff_page.mjs PORTAL PIN FILM CAPTIONS MARK (FILM "": only the pages): a teacher's way through the pages in a headless Chromium, at the width of a phone; makes the file
// MARK in the middle of the upload; prints one line of JSON with what it saw.
import { writeFileSync } from "node:fs";
import { axeSource, chromium, picture } from "../e2e/lib.mjs";

const [portal, pin, film, captions, mark] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required", "--mute-audio"] });
const context = await browser.newContext({ viewport: { width: 360, height: 740 }, locale: "ar" });
context.setDefaultTimeout(120000);
const page = await context.newPage();
const seen = { axe: [], errors: [], wide: [], again: false, before: 0, pieces_twice: 0 };
page.on("pageerror", (error) => seen.errors.push(String(error)));

const until = async (probe, ms = 60000) => {
	for (const end = Date.now() + ms; Date.now() < end; await new Promise((go) => setTimeout(go, 100))) {
		const got = await probe().catch(() => undefined);
		if (got) return got;
	}
	throw new Error(`waited ${ms} ms for ${probe}`);
};
const text = (selector) => page.locator(selector).first().innerText();
async function look(name) {
	await page.evaluate(axeSource);
	const { violations } = await page.evaluate("axe.run()");
	seen.axe.push(...violations.map((one) => `${name}: ${one.id} ${one.nodes.map((n) => n.target).join(" ")}`));
	if (await page.evaluate("document.documentElement.scrollWidth > innerWidth")) seen.wide.push(name);
	await picture(page, `staff-${name}`);
}
async function enter(code) {
	await page.goto(`${portal}/staff/?lang=ar`);
	await page.fill("#name", "امينة");
	await page.fill("#pin", code);
	await page.click("form.paper button");
	await page.waitForLoadState();
}

// Which pieces were answered: none of them may be sent again.
const answered = new Set();
page.on("response", (response) => {
	if (response.request().method() !== "PATCH") return;
	const offset = response.request().headers()["upload-offset"];
	if (response.status() !== 200) return;
	if (answered.has(offset)) seen.pieces_twice++;
	answered.add(offset);
});

async function send() {
	await page.setInputFiles("#file", film);
	await page.fill("#title", "الكسور العشرية");
	await page.selectOption("#grade", "7");
	// A slow network, so that there is a middle; then none at all.
	let cut = false;
	await page.route("**/staff/upload/*", async (route) => {
		if (cut) return route.abort();
		await new Promise((go) => setTimeout(go, 150));
		return route.continue();
	});
	await page.click("#send button");
	seen.before = await until(async () => answered.size >= 2 && Number((await text(".sending p")).match(/(\d+)/)[1]));
	cut = true;
	writeFileSync(mark, "");
	seen.again = await until(async () => (await text(".sending p")).includes("نعيد المحاولة"));
	await look("sending");
	cut = false;
	await page.waitForURL("**/staff/?said=added", { timeout: 60000 });
	seen.arrived = await text(".said span");
}

async function edit() {
	const state = async () => {
		await page.goto(`${portal}/staff/`);
		return text(".own .state-mark span");
	};
	seen.ready = await until(async () => { const now = await state(); return ["في الصف", "لم يُقبل"].includes(now) && now; }, 120000);
	await look("list");
	await page.click(".own a.plain-button");
	await page.setInputFiles("#captions-file", captions);
	await page.click("#captions-form button");
	await page.waitForURL("**?said=captions");
	seen.captions = await until(async () => (await page.locator("main .own").count()) === 1);
	await look("lesson");
}

async function watch() {
	const id = page.url().match(/own-[0-9a-f]+/)[0];
	seen.shelf = await until(async () => { await page.goto(`${portal}/?lang=ar`); return text(`section:has(a[href="/l/${id}"]) h2`); });
	await page.goto(`${portal}/l/${id}`);
	await page.click(".big");
	seen.frames = await until(() => page.evaluate("(() => { const n = document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames; return n > 5 && n; })()"));
}

try {
	await enter("000000");
	seen.wrong = await text("[role=alert] span");
	await look("in");
	await enter(pin);
	await look("empty");
	if (film) {
		await send();
		await edit();
	}
	await page.goto(`${portal}/staff/live`);
	await look("live");
	await page.goto(`${portal}/staff/ask`);
	await look("ask");
	await page.setViewportSize({ width: 1280, height: 900 });
	await page.goto(`${portal}/staff/`);
	await look("wide");
	if (film) {
		await page.click(".own a.plain-button");
		await look("lesson-wide");
		await page.setViewportSize({ width: 360, height: 740 });
		await watch();
	}
} finally {
	console.log(JSON.stringify(seen));
	await browser.close();
}
