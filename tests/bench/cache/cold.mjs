// SPDX-License-Identifier: GPL-2.0-or-later
// The cold class: everyone asks at once for what nobody has yet, over one slow line. And the same while that line fails.
import path from 'node:path'

import { Box } from './box.mjs'
import { nginx, varnish } from './peers.mjs'
import { CLIENT_CORE, say, sleep, until } from './rig.mjs'
import { median } from './stats.mjs'

const LINE = 20e6 / 8 // bytes a second
export const LOCK = 'proxy_cache_lock on; proxy_cache_lock_timeout 1h; proxy_cache_lock_age 1h;'
const SETTLE_MS = 400 // from the last client's request to the opening of the line

// A crowd that has asked while the line is shut; then it opens. Times are from that moment.
async function crowd(scene, line, { port, at, file, count, seconds, rate = LINE, before = '' }) {
	const { rig } = scene
	await line.ask(`rate ${rate}`)
	await line.ask('reset')
	if (before) await line.ask(before)
	// A thousand bodies compared are a second of one core's work: the line would be quicker than the client. Then it takes two.
	const processes = count < 500 ? 1 : 2
	const it = rig.start('crowd', rig.tool('bench-client'), ['crowd', port, at, count, file, seconds, processes].map(String),
		{ core: processes === 1 ? CLIENT_CORE : null, input: 'pipe' })
	const lines = []
	await new Promise((done, fail) => {
		let rest = ''
		it.child.stdout.on('data', (d) => {
			rest += d
			for (let end; (end = rest.indexOf('\n')) >= 0; rest = rest.slice(end + 1)) lines.push(JSON.parse(rest.slice(0, end)))
			if (lines.length) done()
		})
		it.done.then(() => fail(new Error('the crowd never asked')))
	})
	await sleep(SETTLE_MS)
	const opened = (await line.ask('gate open')).now_ms
	await it.done
	rig.children = rig.children.filter((c) => c !== it)
	const got = lines.at(-1)
	const state = await line.ask('state')
	return {
		...got, origin: state,
		ttfb_ms: got.first_ms.p50 - opened, ttfb_over_chunk_ms: got.first_ms.p50 - state.first_chunk_ms,
		ttfb_slowest_over_chunk_ms: got.first_ms.p100 - state.first_chunk_ms,
		ttlb_ms: got.last_ms.p100 - opened, ttlb_p50_ms: got.last_ms.p50 - opened, opened,
	}
}

// Ours, peers and their lines, ready for colds of any size.
export class Stage {
	constructor(scene, name) {
		Object.assign(this, { scene, name, serial: 0 })
		this.files = scene.rig.dir(name, 'files')
	}

	async set() {
		const { scene, name } = this
		const { rig, same } = scene
		this.box = new Box(rig, 'ours', { under: name })
		this.ourLine = await scene.line(`${name}-our-line`, this.box.origin)
		this.peerLine = await scene.line(`${name}-line`, this.files)
		await this.box.publish()
		await this.box.configure(this.ourLine.port)
		await this.box.startContent()
		await this.box.sync()
		await this.box.startWeb()
		const origin = this.peerLine.port
		this.peers = scene.alone ? {} : {
			proxy_cache_lock: await nginx(rig, `${name}-lock`, { kind: 'proxy', origin, lock: LOCK, same }),
		}
		if (scene.has('varnishd')) this.peers.varnish = await varnish(rig, `${name}-varnish`, { origin })
		if (!scene.alone) this.unlocked = await nginx(rig, `${name}-unlocked`, { kind: 'proxy', origin, same })
	}

	fresh(size) {
		return this.scene.file(this.files, `${this.name}-${this.serial++}`, size)
	}

	// One fetch by nobody's help, straight over the line.
	async lone(size, how = {}) {
		await this.peerLine.ask('gate shut')
		const file = await this.fresh(size)
		return crowd(this.scene, this.peerLine, { port: this.peerLine.port, at: `/${path.basename(file)}`, file, count: 1, seconds: 120, ...how })
	}

	async ours(size, count, seconds, how = {}) {
		await this.ourLine.ask('gate shut')
		const file = await this.fresh(size)
		await this.box.publish([file])
		await this.box.sync()
		await this.box.named(file)
		return crowd(this.scene, this.ourLine, { port: this.box.server.port, at: this.box.path(file), file, count, seconds, ...how })
	}

	async peer(server, size, count, seconds, how = {}) {
		await this.peerLine.ask('gate shut')
		const file = await this.fresh(size)
		return crowd(this.scene, this.peerLine, { port: server.port, at: `/${path.basename(file)}`, file, count, seconds, ...how })
	}
}

function tell(what, got, size, lone) {
	const done = got.good === got.count ? '' : `; only ${got.good} of ${got.count} had it whole (${got.cut} cut, ${got.wrong} wrong, ${got.busy} refused, ${got.open} waiting)`
	const last = got.ttlb_ms > 0 ? `, last ${got.ttlb_ms.toFixed(0)} ms${lone ? ` (${(got.ttlb_ms / lone).toFixed(3)} x lone)` : ''}` : ''
	say(`  ${what}: origin ${(got.origin.bytes / size).toFixed(3)} x size in ${got.origin.bodies} answers, ${got.origin.most_streams} at once; ` +
		`first byte ${got.ttfb_ms.toFixed(0)} ms (${got.ttfb_over_chunk_ms.toFixed(0)} after the first chunk)${last}${done}`)
}

function peerRow(got, size, lone) {
	return {
		origin_ratio: got.origin.bytes / size, streams_at_once: got.origin.most_streams, ttfb_ms: got.ttfb_ms, ttfb_over_chunk_ms: got.ttfb_over_chunk_ms,
		ttlb_ratio: got.good === got.count ? got.ttlb_ms / lone : null, good: got.good, cut: got.cut, wrong: got.wrong, waiting: got.open,
	}
}

async function classOf(scene, stage, { label, size, count, rounds, peerRounds = rounds, how = {}, peers = true }) {
	const seen = { origin: [], over: [], ttlb: [], streams: [], bad: 0 }
	for (let round = 0; round < rounds; round++) {
		const lone = await stage.lone(size, how)
		const got = await stage.ours(size, count, 120, how)
		tell(`ours, ${label}`, got, size, lone.ttlb_ms)
		seen.origin.push(got.origin.bytes / size)
		seen.over.push(got.ttfb_over_chunk_ms)
		seen.ttlb.push(got.ttlb_ms / lone.ttlb_ms)
		seen.streams.push(got.origin.most_streams)
		seen.bad += count - got.good
		for (const [name, server] of peers && round < peerRounds ? Object.entries(stage.peers) : []) {
			const other = await stage.peer(server, size, count, 60, how)
			tell(`${name}, ${label}`, other, size, lone.ttlb_ms)
			scene.peers[`cold_${label}_${name}`] = peerRow(other, size, lone.ttlb_ms)
		}
		seen.lone = lone.ttlb_ms
	}
	return seen
}

// The same line with the way that a satellite or a far city adds.
async function far(scene, stage) {
	const got = await classOf(scene, stage, { label: '200_20m_rtt60', size: 20e6, count: 200, rounds: 1, how: { before: 'delay 60' }, peers: false })
	await stage.ourLine.ask('delay 0')
	await stage.peerLine.ask('delay 0')
	scene.note('cold_ttlb_ratio_rtt60', got.ttlb)
}

// The same crowd while the box is bringing in what nobody waits for: the line belongs to the class.
async function syncing(scene, stage, { size, count }) {
	const lone = await stage.lone(size)
	const later = await stage.fresh(scene.short ? 3e6 : 60e6)
	await stage.ourLine.ask('gate open')
	await stage.ourLine.ask(`rate ${LINE}`)
	await stage.ourLine.ask('reset')
	await stage.box.publish([later])
	await stage.box.sync()
	await until('the box brings in what nobody waits for', 20, async () => (await stage.ourLine.ask('state')).bytes > 300000)
	const got = await stage.ours(size, count, 120)
	tell('ours, syncing', got, size, lone.ttlb_ms)
	scene.note('cold_syncing_ttlb_ratio', [got.ttlb_ms / lone.ttlb_ms])
	scene.note('cold_syncing_ttfb_ms', [got.ttfb_ms])
	scene.note('cold_syncing_failed_clients', [count - got.good])
}

// What is told beside the figures: the machine's own bound, and proxy_cache as it comes.
async function beside(scene, stage, big, many, lone) {
	// What this machine takes for the same crowd when nothing must be fetched: no cache can be sooner.
	const file = await stage.fresh(many.size)
	await stage.peerLine.ask('gate open')
	const warm = []
	for (let i = 0; i < 4; i++)
		warm.push(await crowd(scene, stage.peerLine, { port: stage.peers.proxy_cache_lock.port, at: `/${path.basename(file)}`, file, count: many.count, seconds: 60, rate: 0 }))
	scene.peers.cold_1000_2m_machine = { warm_ttlb_ms: median(warm.slice(1).map((w) => w.last_ms.p100 - w.begin_ms)), lone_ms: lone }
	// Without a lock everyone fetches for himself: hours at 20 Mbit/s; seen for a few seconds only, and last.
	const open = await stage.peer(stage.unlocked, big.size, big.count, scene.short ? 1 : 12)
	tell('proxy_cache without lock', open, big.size, 0)
	scene.peers.cold_200_20m_proxy_cache_unlocked = peerRow(open, big.size, 1)
}

export async function run(scene) {
	const stage = new Stage(scene, 'cold')
	await stage.set()
	const big = scene.short ? { size: 1000000, count: 50, rounds: 1 } : { size: 20e6, count: 200, rounds: 5, peerRounds: 1 }
	const many = scene.short ? { size: 500000, count: 200, rounds: 1 } : { size: 2e6, count: 1000, rounds: 15, peerRounds: 3 }
	const a = await classOf(scene, stage, { label: '200_20m', ...big })
	const b = await classOf(scene, stage, { label: '1000_2m', ...many })
	scene.note('cold_origin_ratio', [...a.origin, ...b.origin])
	scene.note('cold_ttfb_over_chunk_ms', a.over)
	scene.note('cold_ttfb_over_chunk_ms_1000', b.over)
	scene.note('cold_ttlb_ratio', a.ttlb)
	scene.note('cold_ttlb_ratio_1000', b.ttlb)
	scene.note('cold_streams', [...a.streams, ...b.streams])
	scene.note('cold_failed_clients', [a.bad + b.bad])
	if (!scene.short) await far(scene, stage)
	await syncing(scene, stage, big) // last of ours: what nobody waits for goes on coming
	await stage.box.stopContent()
	if (!scene.alone) await beside(scene, stage, big, many, b.lone)
	await scene.rig.strike()
}

// Ten times in one fill the line breaks, and comes back.
export async function cuts(scene) {
	const CUTS = scene.short ? 2 : 10
	const size = scene.short ? 1e6 : 20e6
	const away = 300
	const how = { before: `cuts ${CUTS} ${Math.floor(size / (CUTS + 1))} ${away}` }
	const count = 20
	const stage = new Stage(scene, 'cuts')
	await stage.set()
	const got = await stage.ours(size, count, 110, how)
	tell('ours, cut', got, size, 0)
	if (got.origin.cuts !== CUTS) throw new Error(`the line was cut ${got.origin.cuts} times, not ${CUTS}`)
	scene.note('cut_truncated_clients', [got.cut + got.wrong])
	scene.note('cut_failed_clients', [count - got.good])
	scene.note('cut_refetched_bytes', [Math.max(0, got.origin.bytes - got.origin.map_bytes - size) / CUTS])
	scene.note('cut_ttlb_s', [got.ttlb_ms / 1000])
	for (const [name, server] of Object.entries(stage.peers)) {
		const other = await stage.peer(server, size, count, scene.short ? 5 : 40, how)
		tell(`${name}, cut`, other, size, 0)
		scene.peers[`cut_${name}`] = { truncated: other.cut + other.wrong, refused: other.busy, waiting: other.open, good: other.good, refetched_bytes: Math.max(0, other.origin.bytes - size) }
		await stage.peerLine.ask('cuts 0 0 0')
	}
	await scene.rig.strike()
}
