#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-or-later
// run.mjs BUILD RESULT.json: what a school notices when a line fails, and what watching its lines costs. Needs root, and the machine
// for itself: times are those of real processes. BENCH_ONLY=carrier,silent,satellite,kept,release,idle,cost,latency,measure,quota,flash; BENCH_SHORT=1 tries the
// tool; ROUNDS=N at most, for BENCH_SECONDS=S of each kind of fault; BENCH_TELL=MS shows the daemon's log of each failover that took longer.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { cpuSeconds, say, sleep, until } from '../cache/rig.mjs'
import { measure } from './measure.mjs'
import { LINES, School } from './school.mjs'

const [build, result] = process.argv.slice(2)
const short = Boolean(process.env.BENCH_SHORT)
const tell = Number(process.env.BENCH_TELL ?? Infinity)
const rounds = Number(process.env.ROUNDS ?? (short ? 2 : 20))
const seconds = Number(process.env.BENCH_SECONDS ?? 80) // for the rounds of one kind of fault
const LEAST_ROUNDS = 3
const only = process.env.BENCH_ONLY?.split(',')
const [FIRST, SECOND] = LINES
const WANTED = { carrier_failover_ms_p99: 150, carrier_failover_flapping_ms_p99: 150, silent_failover_ms_p50: 700, silent_failover_ms_p99: 1500,
	silent_failover_600_ms_p99: 5000, own_release_ms_p99: 50, forwarded_release_ms_p99: 50, idle_probe_mb_month: 20, cpu_percent: 0.5, private_mib: 8,
	rss_mib: 20, quota_under_cuts: 0, quota_over_bytes_max: 1e6,
	latency_up_1_added_ms_p95: 4 * 1514 * 8 / 1000, latency_up_4_added_ms_p95: 20, latency_up_20_added_ms_p95: 20,
	latency_down_1_added_ms_p95: 4 * 1514 * 8 / 1000, latency_down_4_added_ms_p95: 20, latency_down_20_added_ms_p95: 20, flash_mb_day: 6, measure_error_max: 0.05, measure_bytes_ratio_max: 0.2, flash_quota_mb_day: 6 }
const AT_LEAST = { flows_kept_ratio: 1 }

const quantile = (list, q) => list.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(list.length * q) - 1)]
const begun = performance.now()
const step = (text) => say(`bench-netmgr: ${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s: ${text}`)
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
	const times = [], until = performance.now() + seconds * 1000
	for (let i = 0; i < rounds && (i < LEAST_ROUNDS || performance.now() < until); i++) {
		times.push(await failover(school, fault, everyMs))
		step(`${name} ${i + 1}/${rounds}: ${times.at(-1).toFixed(0)} ms`)
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
		step(`kept: ${order || 'all open'}: ${preferred} is preferred`)
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
		step(`release ${i + 1}: own ${gone.length} of 100, forwarded ${100 - tried.flows.filter(([, s]) => s >= 0).length} of 100`)
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
	// Two and a half minutes hold each kind of question a whole number of times.
	const faster = 12, length = short ? 10 : seconds < 75 ? 75 : 150
	school.configure({ metered: 'yes', net: `metered_resolver_every_s = ${240 / faster}\nmetered_hub_every_s = ${900 / faster}\n` +
		`metered_echo_every_s = ${36 / faster}\nmetered_far_every_s = ${600 / faster}\n` })
	await school.setDelays(LINES.map((l) => l.delay))
	await school.freshDaemon()
	await sleep(2000)
	await school.link.tell('reset')
	await sleep(length * 1000)
	const { lte } = (await school.link.tell('state')).lines
	figures.idle_probe_mb_month = round((lte.up.bytes + lte.down.bytes) / length / faster * 30 * 86400 / 1e6, 2)
	figures.idle_probe_seconds = length * faster
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

// A small exchange that a pupil waits for, every 20 ms, while lessons that nobody waits for fill the line: how much later than on an idle line
// the answers come, 95 of 100 of them. The queue in front of the line holds a second, as modems and providers have it.
async function latency(school, figures) {
	const seconds = short ? 2 : 10, live = 136
	const answers = async (who, tos) => {
		await who.tell(`ask 20 ${tos}`)
		await sleep(seconds * 1000)
		const { flows } = await who.tell('rest')
		const old = flows.at(-1)[0] - 3000 // younger ones may still be on their way
		const done = flows.filter(([sent, letter]) => letter || sent < old)
		return done.map(([sent, letter, at]) => letter ? at - sent : Infinity)
	}
	for (const mbit of short ? [4] : [1, 4, 20]) {
		for (const queues of ['ours', 'none']) {
			const kbit = mbit * 1000
			school.configure({ lines: { [FIRST.name]: queues === 'ours' ? `up_kbps = ${kbit}\ndown_kbps = ${kbit}\n` : 'shape = no\n' } })
			await school.link.tell(`${FIRST.name} rate ${kbit} ${kbit}`)
			await school.link.tell(`${FIRST.name} queue ${kbit * 125}`)
			await school.freshDaemon()
			for (const l of LINES.slice(1)) await school.link.tell(`${l.name} cable out`) // nobody is to leave
			await sleep(1000)
			const still = quantile(await answers(school.own, live), 0.5)
			for (const way of ['up', 'down']) {
				const pour = school.pour(way, 2)
				await sleep(short ? 1000 : 4000)
				const waits = await answers(school.own, live)
				await pour.end()
				await sleep(1500) // what it left in the queue
				const key = `latency_${way}_${mbit}_${queues === 'ours' ? '' : 'bare_'}added_ms_p95`
				const added = quantile(waits, 0.95) - still
				figures[key] = Number.isFinite(added) ? round(added) : 'lost'
				step(`latency: ${way} ${mbit} Mbit/s, queues ${queues}: idle ${round(still)} ms, added ${round(quantile(waits, 0.5) - still)} at p50, ` +
					`${round(added)} at p95, ${waits.filter((w) => w === Infinity).length} of ${waits.length} lost`)
			}
		}
	}
}

// The book alone, in virtual time, without a kernel.
function book(figures, program, ...args) {
	const folder = fs.mkdtempSync(path.join(fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'wasl-book-'))
	try {
		Object.assign(figures, JSON.parse(execFileSync(`${build}/tests/${program}`, [folder, ...args], { encoding: 'utf8' })))
	} finally {
		fs.rmSync(folder, { recursive: true })
	}
}
const quota = (school, figures) => book(figures, 'bench-quota', short ? '100' : '1000') // power cuts
const flash = (school, figures) => book(figures, 'bench-flash') // a day

// No part waits for ever for what does not come.
function within(name, work) {
	let late
	const limit = 4 * seconds + 400
	const over = new Promise((_, fail) => { late = setTimeout(() => fail(new Error(`${name}: not through after ${limit} s`)), limit * 1000) })
	return Promise.race([work, over]).finally(() => clearTimeout(late))
}

const parts = { cost, carrier, silent, satellite, kept, release, idle, latency, measure: (s, f) => measure(s, f, { rounds, short, step }), quota, flash }
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
		step(name)
		await within(name, part(school, figures))
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
