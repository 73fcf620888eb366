// SPDX-License-Identifier: GPL-2.0-or-later
// The whole chain as people meet it: the ministry publishes, the box brings the lesson in and cooks it, a pupil plays it
// in three languages, the line is cut, and the ministry sees the school, its minutes, its lessons and its receipt.
import { Stage, accessible, browser, call, finish, must, picture, step, until } from "./lib.mjs";

const stage = await Stage.start();
let chrome, phone, desk;
const portal = (path) => `http://madrasa:${stage.port}${path}`;

// Time and decoded bytes of the page's <video>, 0 where there is none yet.
const progress = (page) => page.evaluate(() => {
	const v = document.querySelector("video");
	return v ? { at: v.currentTime, video: v.webkitVideoDecodedByteCount, audio: v.webkitAudioDecodedByteCount,
		error: v.error && v.error.message, state: v.readyState } : { at: 0, video: 0, audio: 0 };
});

async function plays(page, path) {
	await page.goto(portal(path));
	await page.locator("#player .big").click();
	let from;
	await until("the lesson to advance by 5 s with picture and sound", async () => {
		const now = await progress(page);
		if (now.error) throw new Error(`player: ${now.error}`);
		if (now.at > 0 && from === undefined) from = now.at;
		return now.at - from >= 5 && now.video > 0 && now.audio > 0 ? now : undefined;
	}, 60000);
}

async function shows(page, lang, dir, word) {
	await page.goto(portal(`/?lang=${lang}`));
	await page.goto(portal("/"));
	const html = page.locator("html");
	must((await html.getAttribute("lang")) === lang, `page language is ${await html.getAttribute("lang")}, wanted ${lang}`);
	must((await html.getAttribute("dir")) === dir, `page direction is ${await html.getAttribute("dir")}, wanted ${dir}`);
	must((await page.textContent("body")).includes(word), `no "${word}" on the ${lang} page`);
	const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	must(wide <= 0, `the ${lang} page is ${wide} px wider than the screen`);
}

const lesson = async () => (await stage.box("contentd", "/v1/lessons")).json.lessons.find((l) => l.id === "fractions");
const schoolOf = async () => (await stage.box("agentd", "/v1/identity")).json.school_code;

try {
	await step("hub and box are ready", () => stage.ready(600000), { vital: true });
	chrome = await browser();
	phone = await (await chrome.newContext({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, locale: "ar-TN" })).newPage();
	const complaints = [];
	phone.on("pageerror", (error) => complaints.push(error.message));

	await step("the portal is Arabic, right to left, without being asked", async () => {
		await phone.goto(portal("/"));
		must((await phone.getAttribute("html", "lang")) === "ar", "first visit is not in Arabic");
		await shows(phone, "ar", "rtl", "الكسور");
		await picture(phone, "portal");
		await accessible(phone, "portal in Arabic");
	});
	await step("in French by choice, kept on the next visit", () => shows(phone, "fr", "ltr", "Les fractions"));
	await step("in English by choice", () => shows(phone, "en", "ltr", "Fractions"));
	await step("the lesson plays, with sound, through http://madrasa", async () => {
		await shows(phone, "ar", "rtl", "الكسور");
		await plays(phone, "/l/fractions");
		await picture(phone, "lesson");
		await accessible(phone, "lesson page");
	});
	await step("captions follow the pupil's choice", async () => {
		for (const lang of ["fr", "en"]) {
			await phone.selectOption("#captions", lang);
			await until(`captions in ${lang}`, () => phone.evaluate((want) => {
				const v = document.querySelector("video");
				const shown = Array.from(v.textTracks).filter((t) => t.mode === "showing");
				return shown.length === 1 && shown[0].language === want && shown[0].cues && shown[0].cues.length > 5;
			}, lang));
		}
	});
	await step("no script error on the way", () => must(complaints.length === 0, complaints.join("; ")));
	await step("HLS rungs and downloads are what they say", async () => {
		const master = await call(String(stage.port), "GET", "/m/fractions/master.m3u8");
		const text = master.bytes.toString();
		for (const rung of ["240p", "360p", "480p", "audio"]) must(text.includes(`/${rung}/index.m3u8`), `no ${rung} in ${text}`);
	});
	await step("every rung is finished, and the MP4 download is whole", async () => {
		await until("all rungs complete", async () => (await lesson()).complete, 600000);
		const mp4 = await until("download-360p.mp4", async () => {
			const res = await call(String(stage.port), "GET", "/m/fractions/download-360p.mp4");
			return res.status === 200 ? res : undefined;
		});
		must(mp4.bytes.length === Number(mp4.headers["content-length"]) && mp4.bytes.subarray(4, 8).toString() === "ftyp", "not a whole MP4");
		const part = await call(String(stage.port), "GET", "/m/fractions/download-360p.mp4", { headers: { Range: "bytes=1000-70000" } });
		must(part.status === 206 && part.bytes.equals(mp4.bytes.subarray(1000, 70001)), "a range of the download differs from the whole");
	});

	await step("the line is cut: the finished lesson plays on", async () => {
		must((await stage.ask("/v1/cut?uplink=all", "POST")).status < 300, "could not cut");
		await until("netmgrd to see it", async () => (await stage.box("netmgrd", "/v1/uplinks")).json.uplinks.every((u) => u.state !== "up"));
		await plays(phone, "/l/fractions");
		await until("the status page to say so", async () => {
			await phone.goto(portal("/status?lang=en"));
			return (await phone.textContent("body")).includes("Internet is off");
		});
		await picture(phone, "status-offline");
	});
	await step("the line is mended: reports drain, minutes and lesson use are with the ministry", async () => {
		await stage.ask("/v1/restore?uplink=all", "POST");
		await until("the uplink", async () => (await stage.box("netmgrd", "/v1/uplinks")).json.uplinks.some((u) => u.state === "up"));
		await until("lesson use with the ministry", async () => {
			await stage.box("agentd", "/v1/flush", "POST");
			const use = (await stage.hub(`/v1/usage?school=${encodeURIComponent(await schoolOf())}`)).json;
			return JSON.stringify(use).includes("fractions");
		}, 60000);
		await until("a minute with the line up, with the ministry", async () => {
			await stage.box("agentd", "/v1/flush", "POST");
			await new Promise((go) => setTimeout(go, 1000));
			return (await stage.hub(`/v1/schools/${encodeURIComponent(await schoolOf())}`)).json.uplink.up_min >= 1;
		}, 150000);
	});

	await step("the ministry finds the school, its minutes, the lesson's use and the receipt", async () => {
		const code = await schoolOf();
		const context = await chrome.newContext({ viewport: { width: 1280, height: 800 }, locale: "ar-TN" });
		desk = await context.newPage();
		await desk.goto(`http://127.0.0.1:${stage.hubPort}/#token=${stage.token}`);
		await desk.getByText(code).first().waitFor({ timeout: 20000 });
		must(!desk.url().includes("token="), "the token stays in the address");
		must((await desk.getAttribute("html", "dir")) === "rtl", "the hub does not begin in Arabic");
		await picture(desk, "hub");
		await accessible(desk, "hub");
		await desk.getByText(code).first().click();
		await desk.locator("[data-school]").first().waitFor({ timeout: 20000 });
		await until("lesson, minutes and receipt on the school's page", async () => {
			const text = await desk.textContent("main");
			return /fractions|الكسور/.test(text) && Number(await desk.locator("[data-minutes]").first().getAttribute("data-minutes")) > 0 && (await desk.locator("[data-receipt]").count()) > 0;
		}, 20000);
		await picture(desk, "school");
		await accessible(desk, "a school's page");
		await desk.setViewportSize({ width: 360, height: 740 });
		await picture(desk, "school-phone");
	});
	await step("the receipt on the box is the ministry's word", async () => {
		const rows = (await stage.box("agentd", "/v1/receipts")).json.rows;
		must(rows.length > 0 && rows.at(-1).through_seq >= 1, `no receipt: ${JSON.stringify(rows)}`);
	});

	await step("Ctrl-C ends everything, and nothing is left", async () => {
		const pids = (await stage.ask("/v1/status")).json.processes.map((p) => p.pid).filter((pid) => pid > 0);
		must((await stage.stop()) === 0, "wasl-stage did not end well");
		for (const pid of pids) {
			let alive = true;
			try { process.kill(pid, 0); } catch { alive = false; }
			must(!alive, `process ${pid} is still there`);
		}
	});
	await step("a second run goes on where the first stopped", async () => {
		const before = stage.output.length;
		await stage.run();
		await stage.ready(60000);
		must((await lesson()).complete, "the finished lesson was forgotten");
		must((await stage.box("agentd", "/v1/receipts")).json.rows.length > 0, "the receipts were forgotten");
		must(stage.output.length > before, "it said nothing");
	});
} catch (error) {
	console.log(`# stopped: ${error.message}`);
} finally {
	await chrome?.close();
	await stage.remove();
}
process.exit(finish());
