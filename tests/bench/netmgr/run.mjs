#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-or-later
// run.mjs BUILD RESULT.json: what a school notices when a line fails, and what watching its lines costs. Needs root, and the machine
// for itself: times are those of real processes. BENCH_ONLY=carrier,silent,satellite,kept,release,idle,cost,quota; BENCH_SHORT=1 tries the
// tool; ROUNDS=N; BENCH_TELL=MS shows the daemon's log of each failover that took longer.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { cpuSeconds, say, sleep, until } from '../cache/rig.mjs'
import { LINES, School } from './school.mjs'

const [build, result] = process.argv.slice(2)
const short = Boolean(process.env.BENCH_SHORT)
const tell = Number(process.env.BENCH_TELL ?? Infinity)
const rounds = Number(process.env.ROUNDS ?? (short ? 2 : 20))
const only = process.env.BENCH_ONLY?.split(',')
const [FIRST, SECOND] = LINES
const WANTED = { carrier_failover_ms_p99: 150, carrier_failover_flapping_ms_p99: 150, silent_failover_ms_p50: 700, silent_failover_ms_p99: 1500,
	silent_failover_600_ms_p99: 5000, own_release_ms_p99: 50, forwarded_release_ms_p99: 50, idle_probe_mb_month: 20, cpu_percent: 0.5, private_mib: 8,
	rss_mib: 20, quota_under_cuts: 0, quota_over_bytes_max: 1e6 }
const AT_LEAST = { flows_kept_ratio: 1 }

const quantile = (list, q) => list.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(list.length * q) - 1)]
const round = (x, digits = 1) => Number(x.toFixed(digits))

// New flows take another line: from the fault to the first flow from which on every one was answered.
async function failover(school, fault, everyMs) {
	await school.freshDaemon(tell < Infinity ? { WASL_LOG: 'debug' } : {})
	const download = school.download()
	await school.asker.tell(`ask ${everyMs}`)
	await until('flows take the first line', 20, async () => (await school.asker.tell('last')).last === FIRST.letter)
	await sleep(1000) // traffic as it was for a while
	const { now_ms: begun } = await school.link.tell(`${FIRST.name} ${fault}`)
	let since = 0
	await until('flows take another line', 60, async () => {
		const { last, sent_ms: sent } = await school.asker.tell('last')
		if (!last || last === FIRST.letter) return false
		since ||= sent
		return sent - since > 400
	})
	const { sent_ms: until_ms } = await school.asker.tell('last')
	const { flows } = await school.asker.tell('rest')
	await download.end()
	const after = flows.filter(([sent]) => sent >= begun && sent <= until_ms)
	const lost = after.findLastIndex(([, letter]) => !letter || letter === FIRST.letter)
	const took = after[lost + 1][0] - begun
	if (took > tell)
		for (const { at, line } of school.log) if (at > begun - 4000) say(`  ${(at - begun).toFixed(0).padStart(6)} ${line}`)
	return took
}

async function failovers(school, name, fault, everyMs, figures, key) {
	const times = []
	for (let i = 0; i < rounds; i++) {
		times.push(await failover(school, fault, everyMs))
		say(`bench-netmgr: ${name} ${i + 1}/${rounds}: ${times.at(-1).toFixed(0)} ms`)
	}
	figures[`${key}_ms_p50`] = round(quantile(times, 0.5))
	figures[`${key}_ms_p99`] = round(quantile(times, 0.99))
	figures[`${key}_rounds`] = times.map((t) => round(t))
}

async function carrier(school, figures) {
	school.configure()
	await school.setDelays(LINES.map((l) => l.delay))
	await failovers(school, 'cable', 'cable out', 5, figures, 'carrier_failover')
	// Another line's cable comes and goes all the time: the kernel tells of links once a second then.
	const calm = school.freshDaemon.bind(school)
	school.freshDaemon = async (env) => {
		await calm(env)
		await school.link.tell('lte flap 150 150 1000')
	}
	await failovers(school, 'cable, another one flaps', 'cable out', 5, figures, 'carrier_failover_flapping')
	school.freshDaemon = calm
}

async function silent(school, figures) {
	school.configure()
	const all = []
	for (const delay of [10, 25, 50]) {
		await school.setDelays([delay, 5, 30])
		const key = `silent_failover_${2 * delay}`
		await failovers(school, `silence at ${2 * delay} ms`, 'silent beyond', 10, figures, key)
		all.push(...figures[`${key}_rounds`])
	}
	figures.silent_failover_ms_p50 = quantile(all, 0.5)
	figures.silent_failover_ms_p99 = quantile(all, 0.99)
}

async function satellite(school, figures) {
	school.configure({ kinds: LINES.map(() => 'satellite') })
	await school.setDelays([300, 300, 300])
	await failovers(school, 'silence at 600 ms', 'silent beyond', 20, figures, 'silent_failover_600')
}

// 1,000 connections, half on each of two lines that stay well, while the best line comes and goes.
async function kept(school, figures) {
	const each = short ? 50 : 500
	// With patience as on a box this would take an hour.
	school.configure({ net: 'retry_s = 1\nhold_s = 1\ndwell_s = 0\nregret_s = 0\nwindow_s = 0\n' })
	await school.setDelays(LINES.map((l) => l.delay))
	await school.freshDaemon()
	await school.link.tell('dsl cable out')
	await school.link.tell('fibre cable out')
	await school.preferred('lte')
	await school.own.tell(`open ${each}`)
	await school.link.tell('fibre cable in')
	await school.preferred('fibre')
	const { open } = await school.own.tell(`open ${each}`)
	let least = 1, switches = 1
	const look = async (order, preferred) => {
		if (order) await school.link.tell(order)
		await school.preferred(preferred)
		const { flows } = await school.own.tell('try 10000')
		const alive = flows.filter(([, state]) => state === 1).length
		least = Math.min(least, alive / (2 * each))
		switches += order ? 1 : 0
	}
	await look('', 'fibre')
	await look('dsl cable in', 'dsl')
	await look('dsl cable out', 'fibre')
	await look('dsl cable in', 'dsl')
	await school.asker.tell('ask 10')
	await look('dsl silent beyond', 'fibre')
	await school.asker.tell('rest')
	await look('dsl whole', 'dsl')
	await school.own.tell('close')
	figures.flows_kept_ratio = open < each ? 0 : round(least, 4)
	figures.flows_kept_of = 2 * each
	figures.flows_kept_switches = switches
}

// Who is stuck on a silent line: the box's own connections from the verdict on, a pupil's from its next packet on.
async function release(school, figures) {
	const own = [], forwarded = []
	let ownStuck = 0, forwardedStuck = 0
	school.configure()
	await school.setDelays(LINES.map((l) => l.delay))
	for (let i = 0; i < Math.max(2, rounds / 4); i++) {
		await school.freshDaemon({ WASL_LOG: 'debug' })
		const { open } = await school.own.tell('open 100')
		const { open: more } = await school.pupil.tell('open 100')
		if (open < 100 || more < 100) throw new Error(`only ${open} and ${more} of 100 connections opened`)
		await school.asker.tell('ask 10')
		await until('flows take the first line', 20, async () => (await school.asker.tell('last')).last === FIRST.letter)
		await sleep(1000)
		const { now_ms: begun } = await school.link.tell(`${FIRST.name} silent beyond`)
		// The last answers before the line is called down: what follows from them is the verdict.
		const fell = await until('the verdict', 60, () => {
			const down = school.log.findIndex(({ at, line }) => at > begun && line.includes(`event=uplink.down uplink=${FIRST.name}`))
			return down >= 0 && school.log.slice(0, down).findLast(({ line }) => line.includes(`event=probe uplink=${FIRST.name}`))
		})
		await until('the move', 20, async () => (await school.asker.tell('last')).last === SECOND.letter)
		await sleep(500)
		const gone = (await school.own.tell('broken')).flows
		ownStuck += 100 - gone.length
		own.push(...gone.map(([, , at]) => Math.max(0, at - fell.at)))
		const tried = await school.pupil.tell('try 5000')
		for (const [, state, at] of tried.flows)
			if (state < 0) forwarded.push(Math.max(0, at - tried.tried_ms))
			else forwardedStuck++
		for (const who of [school.asker, school.own, school.pupil]) await who.tell(who === school.asker ? 'rest' : 'close')
		say(`bench-netmgr: release ${i + 1}: own ${gone.length} of 100, forwarded ${100 - tried.flows.filter(([, s]) => s >= 0).length} of 100`)
	}
	figures.own_release_stuck = ownStuck
	figures.forwarded_release_stuck = forwardedStuck
	if (own.length) figures.own_release_ms_p50 = round(quantile(own, 0.5))
	if (own.length && !ownStuck) figures.own_release_ms_p99 = round(quantile(own, 0.99))
	if (forwarded.length) figures.forwarded_release_ms_p50 = round(quantile(forwarded, 0.5))
	if (forwarded.length && !forwardedStuck) figures.forwarded_release_ms_p99 = round(quantile(forwarded, 0.99))
}

// A metered line that nobody uses, its questions twelve times as often as they are: what they would cost in a month. Whole frames, ARP too.
async function idle(school, figures) {
	const faster = 12, seconds = short ? 10 : 300
	school.configure({ metered: 'yes', net: `metered_resolver_every_s = ${300 / faster}\nmetered_hub_every_s = ${900 / faster}\n` +
		`metered_echo_every_s = ${36 / faster}\nmetered_far_every_s = ${600 / faster}\n` })
	await school.setDelays(LINES.map((l) => l.delay))
	await school.freshDaemon()
	await sleep(2000)
	await school.link.tell('reset')
	await sleep(seconds * 1000)
	const { lte } = (await school.link.tell('state')).lines
	figures.idle_probe_mb_month = round((lte.up.bytes + lte.down.bytes) / seconds / faster * 30 * 86400 / 1e6, 2)
	figures.idle_probe_seconds = seconds * faster
}

async function cost(school, figures) {
	const seconds = short ? 5 : 60
	school.configure()
	await school.setDelays(LINES.map((l) => l.delay))
	await school.freshDaemon()
	await sleep(5000)
	const { pid } = school.daemon // of what `ip netns exec` became
	const before = cpuSeconds([pid]).get(pid)
	await sleep(seconds * 1000)
	figures.cpu_percent = round((cpuSeconds([pid]).get(pid) - before) / seconds * 100, 3)
	const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
	const kib = (name) => Number(rollup.match(new RegExp(`^${name}: +(\\d+)`, 'm'))[1])
	figures.private_mib = round((kib('Private_Clean') + kib('Private_Dirty')) / 1024, 2)
	figures.rss_mib = round(kib('Rss') / 1024, 2)
}

// Power cuts in virtual time: the book alone, without a kernel.
function quota(school, figures) {
	const folder = fs.mkdtempSync(path.join(fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'wasl-quota-'))
	try {
		Object.assign(figures, JSON.parse(execFileSync(`${build}/tests/bench-quota`, [folder, short ? '100' : '1000'], { encoding: 'utf8' })))
	} finally {
		fs.rmSync(folder, { recursive: true })
	}
}

const parts = { cost, carrier, silent, satellite, kept, release, idle, quota }
if (process.getuid() !== 0) {
	say('bench-netmgr: skipped: needs root for network namespaces')
	process.exit(0)
}
process.env.PATH += ':/usr/sbin:/sbin'
const school = new School(build)
let figures = {}
try { if (only) figures = JSON.parse(fs.readFileSync(result, 'utf8')) } catch { /* the first time */ }
let status = 0
try {
	await school.open()
	for (const [name, part] of Object.entries(parts)) {
		if (only && !only.includes(name)) continue
		await part(school, figures)
		figures.load = { ...figures.load, [name]: round(os.loadavg()[0], 2) }
	}
	const state = await school.link.tell('state')
	figures.link_late_us_p99 = Math.max(...Object.values(state.lines).flatMap((l) => [l.up.late_us_p99, l.down.late_us_p99]))
} catch (error) {
	say(`bench-netmgr: ${error.message}`)
	for (const { line } of school.log.slice(-20)) say(`  ${line}`)
	status = 1
} finally {
	await school.close()
}
figures.when = new Date().toISOString()
figures.cores = os.cpus().length
figures.missed = [...Object.entries(WANTED).filter(([key, most]) => figures[key] > most),
	...Object.entries(AT_LEAST).filter(([key, least]) => figures[key] < least)].map(([key]) => key)
if (figures.own_release_stuck) figures.missed.push('own_release_ms_p99')
if (figures.forwarded_release_stuck) figures.missed.push('forwarded_release_ms_p99')
fs.mkdirSync(path.dirname(result), { recursive: true })
fs.writeFileSync(result, `${JSON.stringify(figures, null, '\t')}\n`)
for (const [key, value] of Object.entries(figures))
	if (typeof value === 'number') say(`bench-netmgr: ${key} ${value}${key in WANTED ? ` (wanted <= ${WANTED[key]})` : key in AT_LEAST ? ` (wanted >= ${AT_LEAST[key]})` : ''}`)
process.exit(status)
