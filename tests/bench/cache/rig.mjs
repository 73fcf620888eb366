// SPDX-License-Identifier: GPL-2.0-or-later
// What every part of the benchmark needs: a folder, free ports, programs that are ended again, processor time, waits with a deadline.
import { execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

const TICKS = Number(execFileSync('getconf', ['CLK_TCK']).toString())
export const root = process.getuid() === 0
export const pinned = os.cpus().length > 1
export const SERVER_CORE = 0
export const CLIENT_CORE = 1
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

export function say(text) {
	process.stdout.write(`${text}\n`)
}

// Asks again until it is so; the deadline is an error that names what was waited for.
export async function until(what, seconds, ask, over = () => false) {
	const end = performance.now() + seconds * 1000
	for (;;) {
		try {
			const got = await ask()
			if (got) return got
		} catch { /* not yet */ }
		if (over()) throw new Error(`${what}: ${over()}`)
		if (performance.now() > end) throw new Error(`${what}: not so after ${seconds} s`)
		await sleep(20)
	}
}

export function freePort() {
	return new Promise((done, fail) => {
		const s = net.createServer().once('error', fail)
		s.listen(0, '127.0.0.1', () => {
			const { port } = s.address()
			s.close(() => done(port))
		})
	})
}

function statOf(pid) { // fields of /proc/PID/stat after the command's name
	const text = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
	return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

// A process and everything below it, by parents.
export function family(pid) {
	const parent = new Map()
	for (const name of fs.readdirSync('/proc')) {
		if (!/^\d+$/.test(name)) continue
		try { parent.set(Number(name), Number(statOf(name)[1])) } catch { /* gone */ }
	}
	const all = [pid]
	for (let i = 0; i < all.length; i++)
		for (const [child, of] of parent) if (of === all[i]) all.push(child)
	return all
}

// Processor seconds so far, user and system, of each of these processes with all its threads: to the nanosecond where the kernel
// tells, else in ticks. Threads that ended are in the ticks alone; the servers measured here keep theirs for minutes.
export function cpuSeconds(pids) {
	const seconds = new Map()
	for (const pid of pids) {
		try {
			let sum = 0
			for (const thread of fs.readdirSync(`/proc/${pid}/task`))
				sum += Number(fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]) / 1e9
			seconds.set(pid, sum)
		} catch {
			try {
				const f = statOf(pid)
				seconds.set(pid, (Number(f[11]) + Number(f[12])) / TICKS)
			} catch { /* it has ended: nginx's cache loader does, after a minute */ }
		}
	}
	return seconds
}

// What was spent between two moments; who came in between counts in full.
export function spent(before, after) {
	let sum = 0
	for (const [pid, seconds] of after) sum += seconds - (before.get(pid) ?? 0)
	return sum
}

// Proportional memory of these processes, in KiB; null when one has ended.
export function pssKb(pids) {
	try {
		return pids.reduce((kb, pid) => kb + Number(/^Pss:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))[1]), 0)
	} catch {
		return null
	}
}

export class Rig {
	constructor(build) {
		this.build = build
		this.house = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../../..')
		this.top = fs.mkdtempSync(path.join(process.env.BENCH_DIR || os.tmpdir(), 'wasl-bench-'))
		fs.chmodSync(this.top, 0o755)
		this.children = []
		this.undo = []
	}

	dir(...parts) {
		const at = path.join(this.top, ...parts)
		fs.mkdirSync(at, { recursive: true })
		return at
	}

	tool(name) {
		return path.join(this.build, 'tests', name)
	}

	// Starts a program. core: where it may run. eager: it stands for another machine, so that it is not made to wait for a core.
	start(name, command, args, { core = null, eager = false, env = {}, input = 'ignore', cgroup = null } = {}) {
		const log = fs.openSync(path.join(this.top, `${name}.log`), 'a')
		let words = [command, ...args]
		if (core !== null && pinned) words = ['taskset', '-c', String(core), ...words]
		if (eager && root) words = ['nice', '-n', '-10', ...words]
		if (cgroup) words = ['sh', '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', cgroup, ...words]
		const child = spawn(words[0], words.slice(1), {
			env: { ...process.env, ...env }, cwd: this.top, stdio: [input, input === 'pipe' ? 'pipe' : log, log],
		})
		fs.closeSync(log)
		const it = { name, child, pid: child.pid, ended: null }
		it.done = new Promise((done) => child.on('exit', (code, signal) => {
			it.ended = { code, signal }
			done(it.ended)
		}))
		child.on('error', (e) => { it.ended = { code: 127, signal: e.message } })
		this.children.push(it)
		return it
	}

	// Waits until a program that was started is as it should be; when it ends instead, its own last words are the error.
	up(it, what, seconds, ask) {
		return until(what, seconds, ask, () => it.ended && `it has ended (${it.ended.code ?? it.ended.signal})`).catch((e) => {
			throw new Error(`${e.message}; ${this.lastWords(it)}`)
		})
	}

	lastWords(it) {
		return fs.readFileSync(path.join(this.top, `${it.name}.log`), 'utf8').trim().split('\n').slice(-3).join(' | ')
	}

	async stop(it, signal = 'TERM') {
		if (!it || it.ended) return
		it.child.kill(`SIG${signal}`)
		const late = setTimeout(() => it.child.kill('SIGKILL'), 10000)
		await it.done
		clearTimeout(late)
		this.children = this.children.filter((c) => c !== it)
	}

	// Runs a program to its end; its standard output.
	async run(command, args, { core = null, env = {}, seconds = 120 } = {}) {
		let words = [command, ...args]
		if (core !== null && pinned) words = ['taskset', '-c', String(core), ...words]
		const child = spawn(words[0], words.slice(1), { env: { ...process.env, ...env }, cwd: this.top, stdio: ['ignore', 'pipe', 'pipe'] })
		const late = setTimeout(() => child.kill('SIGKILL'), seconds * 1000)
		let out = '', err = ''
		child.stdout.on('data', (d) => { out += d })
		child.stderr.on('data', (d) => { err += d })
		const code = await new Promise((done, fail) => child.on('close', done).on('error', fail))
		clearTimeout(late)
		if (code !== 0) throw new Error(`${path.basename(command)} ${args.join(' ')}: ended with ${code}: ${(err || out).slice(-600)}`)
		return out
	}

	// Ends everything that was started.
	async strike() {
		await Promise.all(this.children.map((it) => this.stop(it)))
	}

	async end() {
		await this.strike()
		for (const f of this.undo.reverse()) {
			try { f() } catch (e) { say(`cleaning up: ${e.message}`) }
		}
		if (process.env.BENCH_KEEP) say(`kept: ${this.top}`)
		else fs.rmSync(this.top, { recursive: true, force: true })
	}
}

export function filesBelow(dir) {
	return fs.readdirSync(dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => path.join(e.parentPath ?? e.path, e.name))
}

// Puts files out of the page cache.
export function forget(files) {
	if (files.length) execFileSync('sync', ['-f', files[0]])
	for (const f of files) execFileSync('dd', [`if=${f}`, 'iflag=nocache', 'count=0', 'status=none'])
}

// One HTTP exchange; { status, headers, body }.
export function fetchBytes(url, { socketPath, method = 'GET', headers = {} } = {}) {
	return new Promise((done, fail) => {
		const r = http.request(url, { socketPath, method, headers, agent: false }, (res) => {
			const parts = []
			res.on('data', (d) => parts.push(d))
			res.on('end', () => done({ status: res.statusCode, headers: res.headers, body: Buffer.concat(parts) }))
			res.on('error', fail)
		})
		r.setTimeout(60000, () => r.destroy(new Error(`${url}: no answer`)))
		r.on('error', fail).end()
	})
}

// A program that answers each line on its standard input with one line of JSON.
export class Talker {
	constructor(it) {
		this.it = it
		this.waiting = []
		let rest = ''
		it.child.stdout.on('data', (d) => {
			rest += d
			for (let end; (end = rest.indexOf('\n')) >= 0; rest = rest.slice(end + 1))
				this.waiting.shift()?.(JSON.parse(rest.slice(0, end)))
		})
	}

	ask(line) {
		return new Promise((done, fail) => {
			const late = setTimeout(() => fail(new Error(`${this.it.name}: no answer to '${line}'`)), 10000)
			this.waiting.push((answer) => {
				clearTimeout(late)
				done(answer)
			})
			this.it.child.stdin.write(`${line}\n`)
		})
	}
}
