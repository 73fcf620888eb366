// SPDX-License-Identifier: GPL-2.0-or-later
// A school with three lines to three providers, in network namespaces: wasl-netmgrd as it is, net-link for the lines, bench-hub,
// nginx and dns-fake behind each of them, bench-flows for who uses them.
import { execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { say, sleep, until } from '../cache/rig.mjs'

export const HUB = '203.0.113.10', RESOLVER = '203.0.113.53', PORT = '7000', POUR_PORT = '7001'
const POUR = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), 'pour.pl')
export const LINES = [
	{ name: 'dsl', kind: 'dsl', letter: 'A', up: 4000, down: 16000, delay: 10 },
	{ name: 'fibre', kind: 'fibre', letter: 'B', up: 50000, down: 100000, delay: 5 },
	{ name: 'lte', kind: 'mobile', letter: 'C', up: 10000, down: 20000, delay: 30 },
]
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6

// A helper that answers each line with a line of JSON.
class Talker {
	constructor(child) {
		this.child = child
		this.waiting = []
		let rest = ''
		child.stdout.setEncoding('utf8').on('data', (text) => {
			const lines = (rest + text).split('\n')
			rest = lines.pop()
			for (const line of lines) this.waiting.shift()?.(JSON.parse(line))
		})
		child.on('exit', () => this.waiting.splice(0).forEach((tell) => tell({ error: 'has ended' })))
		this.ready = new Promise((done) => this.waiting.push(done))
	}
	async tell(text) {
		const answer = new Promise((done) => this.waiting.push(done))
		this.child.stdin.write(`${text}\n`)
		const got = await answer
		if (got.error) throw new Error(`'${text}': ${got.error}`)
		return got
	}
}

export class School {
	constructor(build) {
		this.build = path.resolve(build)
		this.work = fs.mkdtempSync(path.join(os.tmpdir(), 'net-'))
		this.children = []
		this.namespaces = []
		this.log = []
	}
	ns(name) { return `wasl-${process.pid}-${name}` }
	ip(...args) { execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] }) }
	inside(name, ...args) { execFileSync('ip', ['netns', 'exec', this.ns(name), ...args], { stdio: ['ignore', 'pipe', 'pipe'] }) }
	start(name, args, options = {}) { // in a namespace; name null: in none
		const all = name === null ? args : ['ip', 'netns', 'exec', this.ns(name), ...args]
		const child = spawn(all[0], all.slice(1), { stdio: ['pipe', 'pipe', 'ignore'], ...options })
		child.on('error', () => {})
		child.stdin?.on('error', () => {})
		this.children.push(child)
		return child
	}
	async talker(name, program, ...args) {
		const t = new Talker(this.start(name, [path.join(this.build, 'tests', program), ...args]))
		const first = await t.ready
		if (!first.ready) throw new Error(`${program} does not start`)
		return t
	}

	async open() {
		for (const name of ['box', 'pupil', ...LINES.map((l) => l.letter)]) {
			this.ip('netns', 'add', this.ns(name))
			this.namespaces.push(this.ns(name))
			this.inside(name, 'ip', 'link', 'set', 'lo', 'up')
		}
		this.link = await this.talker(null, 'net-link',
			...LINES.flatMap((l, i) => [l.name, `${this.ns('box')}:wan${i}`, `${this.ns(l.letter)}:line`]))
		for (const [i, l] of LINES.entries()) {
			this.inside(l.letter, 'ip', 'addr', 'add', `10.0.${i}.1/24`, 'dev', 'line')
			this.inside(l.letter, 'ip', 'link', 'set', 'line', 'up')
			for (const far of [HUB, '203.0.113.20', '203.0.113.30', RESOLVER])
				this.inside(l.letter, 'ip', 'addr', 'add', `${far}/32`, 'dev', 'lo')
			await this.link.tell(`${l.name} router 10.0.${i}.1`)
			await this.link.tell(`${l.name} rate ${l.up} ${l.down}`)
			this.startProvider(l)
			await this.talker(l.letter, 'bench-hub', l.letter, HUB, PORT)
		}
		await this.setDelays(LINES.map((l) => l.delay))
		this.ip('link', 'add', 'lan0', 'netns', this.ns('box'), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.ns('pupil'))
		this.inside('box', 'ip', 'addr', 'add', '10.9.0.1/24', 'dev', 'lan0')
		this.inside('box', 'ip', 'link', 'set', 'lan0', 'up')
		this.inside('box', 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
		this.inside('pupil', 'ip', 'addr', 'add', '10.9.0.2/24', 'dev', 'eth0')
		this.inside('pupil', 'ip', 'link', 'set', 'eth0', 'up')
		this.inside('pupil', 'ip', 'route', 'add', 'default', 'via', '10.9.0.1')
		this.asker = await this.talker('box', 'bench-flows', HUB, PORT)
		this.own = await this.talker('box', 'bench-flows', HUB, PORT)
		this.pupil = await this.talker('pupil', 'bench-flows', HUB, PORT)
	}
	startProvider(l) {
		const at = path.join(this.work, l.letter)
		fs.mkdirSync(path.join(at, 'www'), { recursive: true })
		fs.writeFileSync(path.join(at, 'www', 'slow'), Buffer.alloc(20 << 20))
		const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((k) => `${k}_temp_path ${at}/t;`).join(' ')
		fs.writeFileSync(path.join(at, 'nginx.conf'), `daemon off; master_process off; pid ${at}/pid; error_log ${at}/nginx.log; user root;
			events { worker_connections 256; }
			http { access_log off; ${temp} default_type text/plain; root ${at}/www;
				server { listen ${HUB}:80;
					location ~ ^/v1/check/(?<nonce>[0-9a-f]+)$ { return 200 "wasl $nonce\\n"; }
					location /slow { limit_rate 100k; } } }`)
		this.start(l.letter, [POUR, 'serve', HUB, POUR_PORT])
		this.start(l.letter, ['nginx', '-c', path.join(at, 'nginx.conf'), '-p', at])
		this.start(l.letter, [path.join(this.build, 'tests', 'dns-fake'), RESOLVER, 'hub.example', HUB])
	}
	async setDelays(each) {
		for (const [i, l] of LINES.entries()) await this.link.tell(`${l.name} delay ${each[i]}`)
		this.delays = each
	}

	// --- the daemon
	configure({ kinds = LINES.map((l) => l.kind), net = '', metered = 'no', lines = {} } = {}) {
		const etc = path.join(this.work, 'root/etc/wasl')
		fs.mkdirSync(etc, { recursive: true })
		const uplinks = LINES.map((l, i) => `[uplink ${l.name}]\nkind = ${kinds[i]}\ndevice = wan${i}\n` +
			`address = 10.0.${i}.2/24\ngateway = 10.0.${i}.1\nresolver = ${RESOLVER}\npreference = ${10 * (i + 1)}\n` +
			`metered = ${l.name === 'lte' ? metered : 'no'}\n${lines[l.name] ?? ''}`)
		fs.writeFileSync(path.join(etc, 'profile.conf'), `[net]\ncheck_url = http://hub.example/v1/check/\nfar_a = 203.0.113.20\n` +
			`far_b = 203.0.113.30\n${net}${uplinks.join('')}`)
	}
	startDaemon(env) {
		this.log = []
		this.daemon = this.start('box', [path.join(this.build, 'bin/wasl-netmgrd')], {
			stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env, WASL_ROOT: path.join(this.work, 'root') } })
		let rest = ''
		this.daemon.stderr.setEncoding('utf8').on('data', (text) => {
			const at = nowMs(), lines = (rest + text).split('\n')
			rest = lines.pop()
			for (const line of lines) this.log.push({ at, line })
		})
	}
	async stopDaemon() {
		const { daemon } = this
		if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return
		const ended = new Promise((done) => daemon.once('exit', done))
		daemon.kill('SIGTERM')
		await ended
	}
	api(target) {
		return new Promise((done, fail) => {
			http.get({ socketPath: path.join(this.work, 'root/run/wasl/netmgrd.sock'), path: target }, (answer) => {
				let text = ''
				answer.on('data', (more) => { text += more }).on('end', () => {
					try { done(JSON.parse(text)) } catch (error) { fail(error) }
				})
			}).on('error', fail)
		})
	}
	async preferred(name, seconds = 60) {
		await until(`${name} is preferred`, seconds, async () => (await this.api('/v1/uplinks')).preferred === name)
	}
	// All lines up, their round trips known, the first one in use.
	async settled() {
		await until('the lines are up', 90, async () => {
			const { preferred, uplinks } = await this.api('/v1/uplinks')
			return preferred === LINES[0].name && uplinks.every((u, i) => u.state === 'up' && u.reason === '' &&
				u.rtt_us > 1500 * this.delays[i] && u.rtt_us < 4000 * this.delays[i] + 20000)
		})
	}
	async freshDaemon(env = {}) {
		await this.stopDaemon()
		for (const l of LINES) await this.link.tell(`${l.name} whole`)
		this.startDaemon(env)
		await this.settled()
	}
	// Until it is ended.
	busy(...args) {
		const children = args.map((words) => this.start('box', words))
		return { end: () => Promise.all(children.map((child) => new Promise((done) => {
			if (child.exitCode !== null || child.signalCode !== null) return done()
			child.once('exit', done)
			child.kill('SIGKILL')
		}))) }
	}
	// Somebody downloads over the preferred line as long as it carries.
	download() {
		return this.busy(['curl', '-s', '--max-time', '120', '-o', '/dev/null', `http://${HUB}/slow`])
	}
	// Lessons that nobody waits for, 'up' or 'down', as much as goes.
	pour(way, connections) {
		return this.busy(...Array(connections).fill([POUR, way, HUB, POUR_PORT]))
	}

	async close() {
		await Promise.race([this.stopDaemon(), sleep(5000)])
		for (const child of this.children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
		for (const name of this.namespaces) {
			try { this.ip('netns', 'del', name) } catch { say(`bench-netmgr: namespace ${name} stays`) }
		}
		fs.rmSync(this.work, { recursive: true, force: true })
	}
}
