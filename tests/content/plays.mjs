// SPDX-License-Identifier: GPL-2.0-or-later
// plays.mjs FOLDER SEGMENTS SECONDS: serves FOLDER on loopback to a headless Chromium, which plays the downloads and joins the
// segments in a SourceBuffer; prints one line of JSON with what the browser saw. (A browser's MP4 reader is not ffmpeg's.)
import { spawn } from "node:child_process";
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { join, normalize } from "node:path";

const [folder, segments, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];

const page = `<!doctype html><meta charset="utf-8"><body><script type="module">
const segments = ${segments}, seconds = ${seconds};
const seen = {};
const told = (name, what) => { seen[name] = what; };
const event = (target, name, ms = 120000) => new Promise((done, fail) => {
	target.addEventListener(name, done, { once: true });
	target.addEventListener("error", () => fail(new Error(name + ": " + (target.error?.message ?? "error"))), { once: true });
	setTimeout(() => fail(new Error("no " + name)), ms);
});

// A busy machine's clock and sound go ahead of its pictures, and their counts come after them.
async function until(probe, ms = 60000) {
	for (const end = Date.now() + ms; !probe() && Date.now() < end;) await new Promise((go) => setTimeout(go, 20));
}

async function download(file) {
	const v = document.createElement("video");
	v.muted = true;
	v.src = file;
	document.body.append(v);
	await event(v, "loadedmetadata");
	const size = [v.videoWidth, v.videoHeight];
	v.currentTime = seconds * 0.6;
	await event(v, "seeked");
	const from = v.currentTime;
	await v.play();
	while (v.currentTime < from + 0.5) await event(v, "timeupdate");
	await until(() => v.webkitAudioDecodedByteCount > 0 && (v.webkitDecodedFrameCount > 0 || size[0] === 0));
	v.remove();
	return { size, duration: v.duration, sound: v.webkitAudioDecodedByteCount > 0, picture: v.webkitDecodedFrameCount > 0 || size[0] === 0 };
}

async function joined(rungs) { // appended in a strange order; buffered as one piece
	const media = new MediaSource(), v = document.createElement("video");
	v.muted = true;
	v.src = URL.createObjectURL(media);
	document.body.append(v);
	await event(media, "sourceopen");
	const buffers = [];
	for (const [, type] of rungs) buffers.push(media.addSourceBuffer(type)); // all before the first byte
	for (const [i, [rung]] of rungs.entries()) {
		const b = buffers[i];
		const add = async (file) => {
			b.appendBuffer(await (await fetch(rung + "/" + file)).arrayBuffer());
			await event(b, "updateend");
		};
		await add("init.mp4");
		for (let s = segments; s >= 1; s -= 2) await add(s + ".m4s");
		for (let s = segments - 1; s >= 1; s -= 2) await add(s + ".m4s");
	}
	const ranges = buffers.map((b) => [...Array(b.buffered.length).keys()].map((i) => [b.buffered.start(i), b.buffered.end(i)]));
	media.endOfStream();
	v.currentTime = 3.5; // across the first seam
	await event(v, "seeked");
	const from = v.currentTime;
	await v.play();
	while (v.currentTime < from + 1.2) await event(v, "timeupdate");
	await until(() => v.getVideoPlaybackQuality().totalVideoFrames > 30);
	const q = v.getVideoPlaybackQuality();
	const out = { ranges, frames: q.totalVideoFrames, corrupted: q.corruptedVideoFrames, sound: v.webkitAudioDecodedByteCount > 0, duration: v.duration };
	v.remove();
	return out;
}

const jobs = {
	mp4_240p: () => download("download-240p.mp4"),
	mp4_480p: () => download("download-480p.mp4"),
	m4a: () => download("audio.m4a"),
	mse_240p: () => joined([["240p", 'video/mp4; codecs="avc1.4d4015"'], ["audio", 'audio/mp4; codecs="mp4a.40.2"']]),
	mse_480p: () => joined([["480p", 'video/mp4; codecs="avc1.4d401f"'], ["audio", 'audio/mp4; codecs="mp4a.40.2"']]),
};
for (const [name, job] of Object.entries(jobs)) {
	try { told(name, await job()); } catch (error) { told(name, { error: String(error.message ?? error) }); }
}
await fetch("/seen", { method: "POST", body: JSON.stringify(seen) });
</script>`;

const server = createServer((request, response) => {
	const path = normalize(decodeURIComponent(request.url.split("?")[0]));
	if (request.method === "POST") {
		let body = "";
		request.on("data", (bytes) => { body += bytes; });
		request.on("end", () => { response.end(); finish(body, 0); });
		return;
	}
	if (path === "/") return response.writeHead(200, { "Content-Type": "text/html" }).end(page);
	let size;
	try { size = statSync(join(folder, path)).size; } catch { return response.writeHead(404).end(); }
	const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "");
	const from = range ? Number(range[1]) : 0, to = range && range[2] ? Number(range[2]) : size - 1;
	response.writeHead(range ? 206 : 200, { "Accept-Ranges": "bytes", "Content-Length": to - from + 1, "Content-Type": "application/octet-stream",
		...(range ? { "Content-Range": `bytes ${from}-${to}/${size}` } : {}) });
	createReadStream(join(folder, path), { start: from, end: to }).pipe(response);
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));

const profile = `${folder}.profile`; // removed with the folder, by whoever made that
const browser = spawn("chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required", "--mute-audio", `--user-data-dir=${profile}`,
	"--remote-debugging-pipe", `http://127.0.0.1:${server.address().port}/`], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
browser.on("error", () => finish(JSON.stringify({ error: "no chromium" }), 2));
const late = setTimeout(() => finish(JSON.stringify({ error: "the browser did not answer in time" }), 1), 600000);

function finish(line, status) {
	clearTimeout(late);
	console.log(line);
	if (browser.exitCode !== null || !browser.pid) process.exit(status);
	browser.on("exit", () => process.exit(status));
	browser.kill("SIGKILL");
}
