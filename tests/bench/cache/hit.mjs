// SPDX-License-Identifier: GPL-2.0-or-later
// Hits: requests per processor second of the server, in rounds; each round asks every server once, in an order drawn by lot.
import fs from 'node:fs'
import path from 'node:path'

import { Box, FILM } from './box.mjs'
import { nginx, varnish } from './peers.mjs'
import { CLIENT_CORE, fetchBytes, filesBelow, forget, say, spent, until } from './rig.mjs'
import { median, ratios, shuffle } from './stats.mjs'

const CLIENTS = 32
// wrk copies bodies in small pieces, and is the bound where they are long: there our own client asks, which drops them in the kernel.
const SIZES = { '4k': { bytes: 4096, ask: wrk }, '500k': { bytes: 512000, ask: wrk }, '4m': { bytes: 4194304, ask: own } }

async function wrk(scene, server, at, seconds) {
	const out = await scene.rig.run('wrk', ['-t', '1', '-c', String(CLIENTS), '-d', `${seconds}s`, '--timeout', '20s',
		'-s', path.join(scene.rig.house, 'tests/bench/cache/wrk.lua'), server.url + at], { core: CLIENT_CORE, seconds: seconds + 60 })
	const got = JSON.parse(out.trim().split('\n').pop())
	return { requests: got.requests, us: got.us, errors: got.errors, p99_ms: got.p99_us / 1000 }
}

async function own(scene, server, at, seconds) {
	const got = await scene.client(['load', server.port, at, CLIENTS, seconds], seconds + 60)
	return { requests: got.requests, us: got.us, errors: got.errors, p99_ms: got.ms.p99 }
}

// One server, one window: what was answered, and what it cost the server.
async function window(scene, { name, server, at }, size, seconds) {
	const before = server.cpu()
	const got = await asker(scene, size)(scene, server, at[size], seconds)
	const cpu = spent(before, server.cpu())
	if (got.errors) throw new Error(`${name}: ${got.errors} errors at ${size}`)
	return { perCpu: got.requests / cpu, perSecond: got.requests * 1e6 / got.us, requests: got.requests, busy: cpu / (got.us / 1e6), p99_ms: got.p99_ms }
}

const asker = (scene, size) => (SIZES[size].ask === wrk && scene.has('wrk') ? wrk : own)

// Ours and its peers, each with the same three files. Ours twice: segments of a lesson, counted, and files that were added by hand.
async function serve(scene) {
	const { rig, same } = scene
	const files = rig.dir('hit')
	const names = Object.keys(SIZES)
	for (const size of names) await scene.file(files, size, SIZES[size].bytes)
	const box = new Box(rig, 'ours')
	const ourLine = await scene.line('hit-our-line', box.origin)
	const origin = (await scene.line('hit-line', files)).port
	await box.publish()
	await box.configure(ourLine.port)
	await box.startContent()
	await box.sync()
	await box.startWeb()
	await box.stockFilm(names.map((size) => path.join(files, size)))
	await box.add(path.join(files, '500k'), '/p/bench-500k')
	const places = (of) => Object.fromEntries(names.map((size, i) => [size, of(size, i)]))
	const plain = (name, server) => ({ name, server, at: places((size) => `/${size}`) })
	const list = [
		{ name: 'ours', server: box.server, at: places((size, i) => `${box.film}/${i + 1}.m4s`) },
		{ name: 'ours_added', server: box.server, at: { '500k': '/p/bench-500k' } },
		plain('static', await nginx(rig, 'static', { kind: 'static', files, same })),
	]
	if (!scene.alone) list.push(
		plain('proxy_cache', await nginx(rig, 'proxy_cache', { kind: 'proxy', origin, openFiles: false, same })),
		plain('proxy_cache_open', await nginx(rig, 'proxy_cache_open', { kind: 'proxy', origin, same })))
	if (scene.has('varnishd')) list.push(plain('varnish', await varnish(rig, 'varnish', { origin })))
	return { box, files, list }
}

// Everyone serves the right bytes. Then all files leave memory and are read in again by being served: how a file was once
// written (in large or small pieces) shows in the size of its pages in memory, and that is nobody's merit.
async function warm(list, size, truth) {
	const ask = async () => {
		for (const s of list)
			for (let i = 0; i < 2; i++)
				await until(`${s.name} serves ${size}`, 10, async () => (await fetchBytes(s.server.url + s.at[size])).body.equals(truth))
	}
	await ask()
	for (const s of list) for (const dir of s.server.dirs) forget(filesBelow(dir))
	await ask()
}

async function measure(scene, { list: everyone, files }, size) {
	const list = everyone.filter((s) => s.at[size])
	const seconds = scene.short ? (asker(scene, size) === wrk ? 1 : 0.2) : 1 // wrk knows whole seconds only
	const truth = fs.readFileSync(path.join(files, size))
	let bytes = 0
	await warm(list, size, truth)
	if (!scene.short) for (const s of list) await window(scene, s, size, 1)
	const seen = {}
	for (let i = 0; i < (scene.short ? (seconds < 1 ? 2 : 1) : 15); i++)
		for (const s of shuffle(list, scene.random)) {
			const got = await window(scene, s, size, seconds);
			(seen[s.name] ??= []).push(got)
			if (s.name === 'ours') bytes += got.requests * truth.length
		}
	const perCpu = (name) => seen[name].map((w) => w.perCpu)
	for (const { name } of list) {
		const middle = (of) => median(seen[name].map(of))
		scene.peers[`hit_${size}_${name}`] = { requests_per_cpu_s: median(perCpu(name)), requests_per_s: middle((w) => w.perSecond), busy: middle((w) => w.busy), p99_ms: middle((w) => w.p99_ms) }
		if (name === 'ours_added') scene.note(`hit_added_vs_static_${size}`, ratios(perCpu(name), perCpu('static')))
		else if (name !== 'ours') scene.note(`hit_vs_${name}_${size}`, ratios(perCpu('ours'), perCpu(name)))
	}
	say(`  ${size}: ${list.map(({ name }) => `${name} ${Math.round(median(perCpu(name)))}`).join(', ')} requests per processor second`)
	return bytes
}

export async function run(scene) {
	const stage = await serve(scene)
	let bytes = 0
	const sizes = (process.env.BENCH_SIZES || Object.keys(SIZES).join(',')).split(',')
	for (const size of sizes) bytes += await measure(scene, stage, size)
	// Counting was on: contentd has heard of every byte that was answered in a measured window.
	const counted = await until('contentd has counted what was sent', 30, async () => {
		const { rows } = await stage.box.ask('/v1/usage?after=0&limit=1000')
		const sum = rows.filter((r) => r.lesson === FILM).reduce((n, r) => n + r.sent_bytes, 0)
		return sum >= bytes && sum
	})
	scene.peers.hit_counting = { asked_bytes: bytes, counted_bytes: counted }
	await scene.rig.strike()
}
