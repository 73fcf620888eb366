// SPDX-License-Identifier: GPL-2.0-or-later
// Helpers of the end-to-end tests: TAP, deadlines, sockets, one stage, one browser.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const B = process.env.B;
export const pictures = join(B, "e2e", "pictures");
mkdirSync(pictures, { recursive: true });
const need = createRequire(join(B, "e2e") + "/");
export const { chromium } = need("playwright-core");
export const axeSource = readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");

// --- TAP: a step that throws is "not ok" and the rest still runs, unless `vital` -------------------
let count = 0, failed = 0;
export async function step(name, body, { vital = false } = {}) {
	count++;
	const began = Date.now();
	try {
		await body();
		console.log(`ok ${count} - ${name} # ${((Date.now() - began) / 1000).toFixed(1)} s`);
	} catch (error) {
		failed++;
		console.log(`not ok ${count} - ${name}`);
		for (const line of String(error?.stack ?? error).split("\n").slice(0, 14)) console.log(`# ${line}`);
		if (vital) throw error;
	}
}
export function finish() {
	console.log(`1..${count}`);
	return failed === 0 ? 0 : 1;
}
export function must(truth, sentence) {
	if (!truth) throw new Error(sentence);
}

// Waits for `probe` to return something true; says what it saw last when the deadline passes.
export async function until(what, probe, ms = 120000) {
	const end = Date.now() + ms;
	let last;
	for (;;) {
		try {
			last = await probe();
			if (last) return last;
		} catch (error) {
			last = error.message;
		}
		if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}; last: ${JSON.stringify(last)}`);
		await new Promise((go) => setTimeout(go, 100));
	}
}

export function freePort() {
	return new Promise((done, fail) => {
		const server = createServer();
		server.on("error", fail);
		server.listen(0, "127.0.0.1", () => {
			const { port } = server.address();
			server.close(() => done(port));
		});
	});
}

// --- HTTP on a unix socket or on TCP ---------------------------------------------------------------
export function call(where, method, path, { headers = {}, body } = {}) {
	return new Promise((done, fail) => {
		const target = where.startsWith("/") ? { socketPath: where } : { host: "127.0.0.1", port: Number(where) };
		const req = request({ ...target, method, path, headers: { Host: "x", ...headers }, timeout: 60000 }, (res) => {
			const parts = [];
			res.on("data", (part) => parts.push(part));
			res.on("end", () => {
				const bytes = Buffer.concat(parts);
				let json;
				try { json = JSON.parse(bytes.toString()); } catch { json = undefined; }
				done({ status: res.statusCode, headers: res.headers, bytes, json });
			});
		});
		req.on("timeout", () => req.destroy(new Error(`${method} ${path}: no answer in 60 s`)));
		req.on("error", fail);
		req.end(body);
	});
}

// --- a whole hub and box in one folder --------------------------------------------------------------
export class Stage {
	constructor(root, port, hubPort) {
		Object.assign(this, { root, port, hubPort, output: "" });
	}
	static async start(extra = [], root = mkdtempSync(join(tmpdir(), "wasl-e2e-"))) {
		const stage = new Stage(root, await freePort(), await freePort());
		await stage.run(extra);
		return stage;
	}
	async run(extra = []) {
		this.child = spawn(join(B, "bin", "wasl-stage"), ["run", "--root", this.root, "--bin", B,
			"--port", String(this.port), "--hub-port", String(this.hubPort), ...extra],
			{ stdio: ["ignore", "pipe", "pipe"] });
		this.ended = new Promise((done) => this.child.on("exit", (code, signal) => done(code ?? signal)));
		for (const pipe of [this.child.stdout, this.child.stderr]) pipe.on("data", (d) => { this.output += d; });
	}
	sock(name) { return join(this.root, "box", "run", "wasl", `${name}.sock`); }
	get control() { return join(this.root, "stage.sock"); }
	get token() { return readFileSync(join(this.root, "viewer.token"), "utf8").trim(); }
	ask(path, method = "GET") { return call(this.control, method, path); }
	box(name, path, method = "GET") { return call(this.sock(name), method, path); }
	hub(path) { return call(String(this.hubPort), "GET", path, { headers: { Authorization: `Bearer ${this.token}` } }); }
	async ready(ms) {
		await until("the stage to be ready", async () => {
			if (this.child.exitCode !== null) throw new Error(`wasl-stage ended with ${this.child.exitCode}:\n${this.output.slice(-2000)}`);
			return existsSync(this.control) && (await this.ask("/v1/status")).json?.ready === true;
		}, ms).catch((error) => { throw new Error(`${error.message}\n${this.output.slice(-3000)}`); });
	}
	async stop() {
		if (this.child.exitCode === null) this.child.kill("SIGTERM");
		return this.ended;
	}
	async remove() {
		await this.stop();
		rmSync(this.root, { recursive: true, force: true });
	}
}

// A pupil's browser: the school's own address, because 127.0.0.1 enjoys rights that it does not.
export async function browser() {
	return chromium.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		args: ["--host-resolver-rules=MAP madrasa 127.0.0.1", "--autoplay-policy=no-user-gesture-required", "--disable-quic",
			"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-gpu",
			...(process.getuid() === 0 ? ["--no-sandbox"] : [])],
	});
}

export async function picture(page, name) {
	await page.screenshot({ path: join(pictures, `${name}.png`) });
}

// No accessibility finding of weight on the page (WCAG 2.2 A and AA rules of axe-core).
export async function accessible(page, name) {
	await page.evaluate(axeSource);
	const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }));
	must(found.violations.length === 0, `${name}: ` + found.violations.map((v) => `${v.id} (${v.nodes.map((n) => n.target).join(", ")})`).join("; "));
}
