// SPDX-License-Identifier: GPL-2.0-or-later
// lesson_page.mjs PORTAL: the lesson fractions-1 (four slides: red, green, blue, yellow) in a headless Chromium, at two widths and in two directions;
// prints one line of JSON with what it saw.
import { axeSource, chromium, picture } from "../e2e/lib.mjs";

const [portal] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required", "--mute-audio"] });
const seen = { axe: [], errors: [] };

const until = async (what, probe, ms = 60000) => {
	for (const end = Date.now() + ms; Date.now() < end; await new Promise((go) => setTimeout(go, 50))) {
		const got = await probe();
		if (got) return got;
	}
	throw new Error(`waited ${ms} ms for ${what}`);
};

// In the page: the colour in the middle of the tile that is shown, as a word.
const colour = async (selector) => {
	const e = document.querySelector(selector), style = getComputedStyle(e);
	const image = new Image();
	image.src = style.backgroundImage.slice(5, -2);
	await image.decode();
	const [x, y] = style.backgroundPosition.split(" ").map((n) => -parseFloat(n));
	const c = document.createElement("canvas");
	c.width = e.clientWidth;
	c.height = e.clientHeight;
	const pen = c.getContext("2d");
	pen.drawImage(image, -x, -y);
	const { data } = pen.getImageData(0, 0, c.width, c.height);
	const sum = [0, 0, 0];
	for (let i = 0; i < data.length; i += 4) for (const k of [0, 1, 2]) sum[k] += data[i + k];
	const [r, g, b] = sum;
	return b > r && b > g ? "blue" : r > g * 1.5 ? "red" : g > r * 1.3 ? "green" : "yellow";
};

async function visit(lang, width, dark) {
	const context = await browser.newContext({ viewport: { width, height: 740 }, locale: lang, colorScheme: dark ? "dark" : "light" });
	const page = await context.newPage();
	const out = { peeks: [], clocks: [], outside: 0 };
	page.on("pageerror", (error) => seen.errors.push(String(error)));
	await page.goto(`${portal}/l/fractions-1?lang=${lang}`);
	await page.click("#player .big");
	await until("the film", () => page.evaluate(() => document.querySelector("video").currentTime > 0.3));
	const bar = await page.locator(".seek").boundingBox();
	for (const part of [0.12, 0.37, 0.62, 0.87]) {
		const x = bar.x + bar.width * (lang === "ar" ? 1 - part : part);
		await page.mouse.move(x, bar.y + bar.height / 2);
		await until("a small picture", () => page.evaluate(() => !document.querySelector(".peek").hidden));
		out.peeks.push(await page.evaluate(`(${colour})(".peek i")`));
		out.clocks.push(await page.innerText(".peek b"));
		const peek = await page.locator(".peek").boundingBox(), box = await page.locator("#player").boundingBox();
		out.outside += peek.x < box.x || peek.y < box.y || peek.x + peek.width > box.x + box.width || peek.y + peek.height > bar.y + bar.height / 2;
		if (part === 0.62) await picture(page, `lesson-peek-${lang}-${width}`);
	}
	await page.mouse.move(2, 2);
	await page.selectOption("#captions", { index: 1 });
	const cue = () => page.evaluate(() => [...document.querySelector("video").textTracks].filter((t) => t.kind === "captions" && t.mode === "showing")
		.flatMap((t) => [...(t.activeCues ?? [])].map((c) => c.text)).join(" "));
	await page.evaluate(() => { document.querySelector("video").currentTime = 1; });
	out.cue = await until("a caption", cue);
	await picture(page, `lesson-captions-${lang}-${width}`);
	await page.selectOption("#captions", { index: 0 });
	out.off = await cue();
	out.chapters = await page.locator("#chapters button").count();
	await page.locator("#chapters button").nth(2).click();
	await until("the chapter", () => page.evaluate(() => { const v = document.querySelector("video"); return !v.seeking && v.currentTime > 26; }));
	out.chapter_at = await page.evaluate(() => document.querySelector("video").currentTime);
	await page.evaluate(() => document.querySelector("video").pause());
	await page.locator("#chapters").scrollIntoViewIfNeeded();
	await picture(page, `lesson-chapters-${lang}-${width}`);
	out.wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
	await page.evaluate(axeSource);
	const { violations } = await page.evaluate("axe.run()");
	seen.axe.push(...violations.map((one) => `${lang}-${width}: ${one.id} ${one.nodes.map((n) => n.target).join(" ")}`));
	seen[`${lang}-${width}`] = out;
	await context.close();
}

try {
	for (const lang of ["ar", "fr"]) for (const width of [360, 1280]) await visit(lang, width, lang === "fr" && width === 360);
} catch (error) {
	seen.errors.push(String(error.stack ?? error));
}
console.log(JSON.stringify(seen));
await browser.close();
