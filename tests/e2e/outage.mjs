// SPDX-License-Identifier: GPL-2.0-or-later
// The ministry away, daemons killed, a forged catalogue: lessons go on, reports pile up, and each is counted once.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Stage, call, finish, must, step, until } from "./lib.mjs";

const stage = await Stage.start();
const get = (path, options) => call(String(stage.port), "GET", path, options);
const lesson = async () => (await stage.box("contentd", "/v1/lessons")).json.lessons.find((l) => l.id === "fractions");
const status = async () => (await stage.box("agentd", "/v1/status")).json;
const school = async () => encodeURIComponent((await stage.box("agentd", "/v1/identity")).json.school_code);
const processes = async () => (await stage.ask("/v1/status")).json.processes;
let media; // the folder of one rung, from the playlists as a player reads them

async function folder(rung) {
	const master = (await get("/m/fractions/master.m3u8")).bytes.toString();
	const line = master.split("\n").map((text) => /URI="([^"]+)"/.exec(text)?.[1] ?? text).find((text) => text.includes(`/${rung}/index.m3u8`));
	return new URL(line, "http://x/m/fractions/master.m3u8").pathname.replace("index.m3u8", "");
}

// Plays like a phone that has never been here: init, then the first `n` segments. Answers the bytes.
async function play(n) {
	let sum = 0;
	for (const name of ["init.mp4", ...Array.from({ length: n }, (_, i) => `${i + 1}.m4s`)]) {
		const reply = await get(media + name);
		must(reply.status === 200 && reply.bytes.length === Number(reply.headers["content-length"]), `${media}${name}: ${reply.status}, ${reply.bytes.length} bytes`);
		sum += reply.bytes.length;
	}
	return sum;
}

const sent_of = (reply) => (reply.json?.rows ?? []).filter((row) => row.lesson === "fractions").reduce((sum, row) => sum + row.sent_bytes, 0);
const watched = async () => sent_of(await stage.hub(`/v1/usage?school=${await school()}`));

// Workers hand over what they count every few seconds; the stage itself asked for first segments before it was ready.
async function handed_over() {
	const metrics = (await get("/metrics")).bytes.toString();
	must(/^wasl_tally_rows \d+$/m.test(metrics), `no wasl_tally_rows in ${metrics.slice(0, 200)}`);
	return /^wasl_tally_rows 0$/m.test(metrics);
}

// Everything counted on the box so far has reached the ministry, and nothing twice.
async function settled() {
	await stage.box("agentd", "/v1/flush", "POST");
	const now = await status();
	return now.outbox_rows === 0 && now.sealed === 0 ? now : undefined;
}

try {
	await step("hub and box are ready, the lesson is finished", async () => {
		await stage.ready(600000);
		await until("all rungs complete", async () => (await lesson()).complete, 600000);
		media = await folder("240p");
	}, { vital: true });

	let before, sent = 0;
	await step("what was sent before is with the ministry", async () => {
		await until("what was counted on the box's disk", handed_over);
		await until("all of it at the ministry", async () => {
			await settled();
			before = await watched();
			return before === sent_of(await stage.box("contentd", "/v1/usage?after=0&limit=1000"));
		}, 240000);
	});
	await step("hub and origin stopped: the finished lesson plays, reports pile up", async () => {
		for (const name of ["hub-nginx", "hubd"]) must((await stage.ask(`/v1/stop?name=${name}`, "POST")).status < 300, `could not stop ${name}`);
		for (let i = 0; i < 3; i++) sent += await play(5);
		await until("a sealed report that waits", async () => {
			await stage.box("agentd", "/v1/flush", "POST");
			return (await status()).sealed > 0;
		}, 60000);
	});
	await step("started again: reports drain, each counted once", async () => {
		for (const name of ["hubd", "hub-nginx"]) await stage.ask(`/v1/start?name=${name}`, "POST");
		await until("an empty outbox", settled, 240000);
		await until("every byte of the outage at the ministry, no byte twice", async () => {
			await settled();
			const got = (await watched()) - before;
			if (got > sent) throw new Error(`${got} bytes counted of ${sent} sent`);
			return got === sent;
		}, 60000);
	});

	for (const name of ["agentd", "netmgrd", "contentd", "hubd", "nginx", "hub-nginx"]) {
		await step(`kill -9 of ${name}: it is back, receipts and lessons are there`, async () => {
			const old = (await processes()).find((p) => p.name === name);
			must(old, `no process named ${name}: ${(await processes()).map((p) => p.name)}`);
			const had = (await stage.box("agentd", "/v1/receipts")).json.rows.at(-1).through_seq;
			must((await stage.ask(`/v1/kill?name=${name}&signal=9`, "POST")).status < 300, "could not kill");
			await until(`${name} again`, async () => {
				const now = (await processes()).find((p) => p.name === name);
				return now.pid > 0 && now.pid !== old.pid && now.state === "ready";
			}, 60000);
			await until("the lesson", async () => (await play(2)) > 0);
			await until("receipts that go on", async () => {
				await stage.box("agentd", "/v1/flush", "POST");
				const rows = (await stage.box("agentd", "/v1/receipts")).json.rows;
				return rows.at(-1).through_seq >= had;
			}, 60000);
			must((await lesson()).complete, "the finished lesson was forgotten");
		});
	}

	await step("a forged catalogue is refused with a sentence, the old one stays in force", async () => {
		const origin = ["var/lib/wasl/hub/origin/wasl/v1/catalogue/latest", "var/lib/wasl/origin/wasl/v1/catalogue/latest"].map((path) => join(stage.root, "hub", path)).find(existsSync);
		must(origin, `no catalogue below ${stage.root}/hub: ${readdirSync(join(stage.root, "hub", "var/lib/wasl"))}`);
		const good = readFileSync(origin);
		const had = (await stage.box("contentd", "/v1/lessons")).json.catalogue_version;
		for (const [what, bytes] of [["a flipped byte", Buffer.from(good.map((b, i) => (i === good.length - 5 ? b ^ 1 : b)))], ["half of it", good.subarray(0, good.length / 2)], ["nothing", Buffer.alloc(0)]]) {
			writeFileSync(origin, bytes);
			const reply = await stage.box("contentd", "/v1/sync", "POST");
			must(reply.status >= 400 && reply.json?.text?.length > 20, `${what}: ${reply.status} ${reply.bytes}`);
			must((await stage.box("contentd", "/v1/lessons")).json.catalogue_version === had, `${what}: another catalogue is in force`);
		}
		writeFileSync(origin, good);
		must((await stage.box("contentd", "/v1/sync", "POST")).status === 200, "the good catalogue is refused");
		must((await play(1)) > 0, "the lesson is gone");
	});
	await step("a second stage in the same folder, or on the same port, says what is wrong", async () => {
		const twin = new Stage(stage.root, stage.port, stage.hubPort);
		await twin.run();
		must((await twin.ended) === 1, "a second stage started");
		must(/already|runs|instance/i.test(twin.output), `it said: ${twin.output}`);
		const other = await Stage.start();
		await other.stop();
		const third = new Stage(other.root, stage.port, other.hubPort);
		await third.run();
		const code = await Promise.race([third.ended, new Promise((go) => setTimeout(() => go("still there"), 90000))]);
		must(code === 1 && third.output.includes(String(stage.port)), `ended with ${code}: ${third.output.slice(-400)}`);
		await other.remove();
	});
} catch (error) {
	console.log(`# stopped: ${error.message}`);
} finally {
	await stage.remove();
}
process.exit(finish());
