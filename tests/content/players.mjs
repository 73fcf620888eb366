// SPDX-License-Identifier: GPL-2.0-or-later
// players.mjs ROOT JOBS.json: serves ROOT on loopback to a headless Chromium, in which each job's player plays its lesson, seeks and changes
// the quality; prints one line of JSON with what the browser saw. JOBS: [{name, kind, script, url}]; `script` is a file beyond ROOT.
import { spawn } from "node:child_process";
import { createReadStream, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const root = process.argv[2], jobs = JSON.parse(readFileSync(process.argv[3], "utf8"));
const types = { ".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml", ".mp4": "video/mp4", ".m4s": "video/iso.segment",
	".vtt": "text/vtt", ".js": "text/javascript", ".jpg": "image/jpeg" };

const page = `<!doctype html><meta charset="utf-8"><body><script type="module">
const jobs = ${JSON.stringify(jobs.map(({ name, kind, url }, i) => ({ name, kind, url, script: `/script/${i}.js` })))};
const event = (target, name, ms = 60000) => new Promise((done, fail) => {
	target.addEventListener(name, done, { once: true });
	setTimeout(() => fail(new Error("no " + name)), ms);
});
const script = (src) => new Promise((done, fail) => {
	const s = document.createElement("script");
	s.src = src;
	s.onload = done;
	s.onerror = () => fail(new Error("no " + src));
	document.head.append(s);
});
// Each gives {lines(): heights to choose from, best(): go to the last, texts(): captions, errors, extra, end()}.
const players = {
	async hls(video, url) {
		const errors = [], hls = new Hls({ maxBufferLength: 6 });
		hls.on(Hls.Events.ERROR, (_, d) => errors.push((d.fatal ? "fatal " : "") + d.details + " " + (d.error?.message ?? "")));
		hls.loadSource(url);
		hls.attachMedia(video);
		await new Promise((done) => hls.on(Hls.Events.MANIFEST_PARSED, done));
		return { lines: () => hls.levels.map((l) => l.height ?? 0), best: () => { hls.currentLevel = hls.levels.length - 1; },
			texts: () => hls.subtitleTracks.map((t) => t.lang), errors, extra: () => ({ keys: hls.iframeVariants?.length ?? 0 }), end: () => hls.destroy() };
	},
	async shaka(video, url) {
		shaka.polyfill.installAll();
		const errors = [], player = new shaka.Player();
		player.addEventListener("error", (e) => errors.push("fatal " + e.detail.code));
		await player.attach(video);
		player.configure({ streaming: { bufferingGoal: 6 } });
		await player.load(url);
		const tracks = () => player.getVariantTracks().sort((a, b) => (a.height ?? 0) - (b.height ?? 0));
		return { lines: () => tracks().map((t) => t.height ?? 0), best: () => { player.configure({ abr: { enabled: false } }); player.selectVariantTrack(tracks().at(-1), true); },
			texts: () => player.getTextTracks().map((t) => t.language), errors, extra: () => ({}), end: () => player.destroy() };
	},
	async dash(video, url) {
		const errors = [], player = dashjs.MediaPlayer().create();
		player.updateSettings({ debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE }, streaming: { buffer: { bufferTimeDefault: 6 } } });
		player.on("error", (e) => errors.push("fatal " + (e.error?.message ?? e.error)));
		const ready = new Promise((done) => player.on("streamInitialized", done));
		player.initialize(video, url, false);
		await ready;
		const list = (type) => (player.getRepresentationsByType ? player.getRepresentationsByType(type) : player.getBitrateInfoListFor(type)) ?? [];
		const at = list("video").length ? "video" : "audio";
		return { lines: () => list(at).map((r) => r.height ?? 0), best: () => {
			player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: false } } } });
			const last = list(at).sort((a, b) => (a.height ?? 0) - (b.height ?? 0)).at(-1);
			if (player.setRepresentationForTypeById) player.setRepresentationForTypeById(at, last.id, true); else player.setQualityFor(at, list(at).length - 1, true);
		}, texts: () => player.getTracksFor("text").map((t) => t.lang), errors, extra: () => ({}), end: () => player.destroy() };
	},
};
async function until(what, probe, ms = 60000) {
	const end = Date.now() + ms;
	while (!probe()) {
		if (Date.now() > end) throw new Error("waited for " + what);
		await new Promise((go) => setTimeout(go, 20));
	}
}
async function run(job) {
	await script(job.script);
	const v = document.createElement("video");
	v.muted = true;
	document.body.append(v);
	const p = await players[job.kind](v, job.url);
	try {
		await v.play();
		await until("the beginning", () => v.currentTime > 0.8);
		const out = { duration: v.duration, lines: p.lines(), texts: p.texts(), ...p.extra() };
		const to = v.duration * 0.6;
		const decoded = v.webkitAudioDecodedByteCount;
		v.currentTime = to;
		await event(v, "seeked");
		await until("a second after the seek", () => v.currentTime > to + 1);
		out.sound = v.webkitAudioDecodedByteCount > decoded;
		if (Math.max(...out.lines) > 0) {
			const frames = v.getVideoPlaybackQuality().totalVideoFrames, best = Math.max(...out.lines);
			p.best();
			await until("the best picture", () => Math.min(v.videoHeight, v.videoWidth) === best || v.videoHeight === best);
			v.currentTime = 0.5; // across the first seam, in the quality of the end
			await event(v, "seeked");
			await until("the beginning again", () => v.currentTime < to);
			await v.play(); // where the end was reached meanwhile
			await until("a second of it", () => v.currentTime > 1.5);
			// on a busy machine the sound goes ahead of the pictures, and their count comes after them
			await until("its pictures", () => v.getVideoPlaybackQuality().totalVideoFrames > frames);
			const q = v.getVideoPlaybackQuality();
			out.frames = q.totalVideoFrames - frames;
			out.corrupted = q.corruptedVideoFrames;
		}
		out.errors = p.errors;
		return out;
	} catch (error) {
		return { error: String(error.message ?? error), errors: p.errors, at: v.currentTime, ready: v.readyState };
	} finally {
		await p.end();
		v.remove();
	}
}
const seen = {};
const tried = async (job) => {
	try { return await run(job); } catch (error) { return { error: String(error.message ?? error) }; }
};
for (const job of jobs) {
	seen[job.name] = await tried(job);
	// A player that waits in vain on a busy machine is loaded once more, as a person would; what it says of the lesson is no such thing.
	if (/^(no|waited for) /.test(seen[job.name].error ?? "")) seen[job.name] = { ...await tried(job), before: seen[job.name] };
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
	const script = /^\/script\/(\d+)\.js$/.exec(path), file = script ? jobs[Number(script[1])].script : join(root, path);
	let size;
	try { size = statSync(file).size; } catch { return response.writeHead(404).end(); }
	const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "");
	const from = range ? Number(range[1]) : 0, to = range && range[2] ? Number(range[2]) : size - 1;
	response.writeHead(range ? 206 : 200, { "Accept-Ranges": "bytes", "Content-Length": to - from + 1, "Content-Type": types[extname(file)] ?? "application/octet-stream",
		...(range ? { "Content-Range": `bytes ${from}-${to}/${size}` } : {}) });
	createReadStream(file, { start: from, end: to }).pipe(response);
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));

const browser = spawn("chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required", "--mute-audio", `--user-data-dir=${root}.profile`,
	"--remote-debugging-pipe", `http://127.0.0.1:${server.address().port}/`], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
browser.on("error", () => finish(JSON.stringify({ error: "no chromium" }), 2));
const late = setTimeout(() => finish(JSON.stringify({ error: "the browser did not answer in time" }), 1), 60000 + 120000 * jobs.length);

function finish(line, status) {
	clearTimeout(late);
	console.log(line);
	if (browser.exitCode !== null || !browser.pid) process.exit(status);
	browser.on("exit", () => process.exit(status));
	browser.kill("SIGKILL");
}
