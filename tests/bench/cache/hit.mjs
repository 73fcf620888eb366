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
// Of a segment nearly all is the kernel's work, which differs by a tenth from second to second: its figures need more rounds to stand still.
// And each process has its luck with where its memory lies: two that are alike differ by 4 in 100 for as long as they live. So all begin anew, TURNS times.
const TURNS = 3
const SIZES = { '4k': { bytes: 4096, ask: wrk, rounds: 15 }, '500k': { bytes: 512000, ask: wrk, rounds: 45 }, '4m': { bytes: 4194304, ask: own, rounds: 15 } }

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
async function serve(scene, turn) {
	const { rig, same } = scene
	const under = `hit-${turn}`
	const files = rig.dir(under, 'files')
	const names = Object.keys(SIZES)
	for (const size of names) await scene.file(files, size, SIZES[size].bytes)
	const box = new Box(rig, `ours-${turn}`)
	const ourLine = await scene.line(`${under}-our-line`, box.origin)
	const origin = (await scene.line(`${under}-line`, files)).port
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
		plain('static', await nginx(rig, 'static', { kind: 'static', files, same, under })),
	]
	if (!scene.alone) list.push(
		plain('proxy_cache', await nginx(rig, 'proxy_cache', { kind: 'proxy', origin, openFiles: false, same, under })),
		plain('proxy_cache_open', await nginx(rig, 'proxy_cache_open', { kind: 'proxy', origin, same, under })))
	if (scene.has('varnishd')) list.push(plain('varnish', await varnish(rig, 'varnish', { origin, under })))
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

async function measure(scene, { list: everyone, files }, size, rounds, seen) {
	const list = everyone.filter((s) => s.at[size])
	const seconds = scene.short ? (asker(scene, size) === wrk ? 1 : 0.2) : 1 // wrk knows whole seconds only
	const truth = fs.readFileSync(path.join(files, size))
	let bytes = 0
	await warm(list, size, truth)
	if (!scene.short) for (const s of list) await window(scene, s, size, 1)
	for (let i = 0; i < rounds; i++)
		for (const s of shuffle(list, scene.random)) {
			const got = await window(scene, s, size, seconds);
			(seen[s.name] ??= []).push(got)
			if (s.name === 'ours') bytes += got.requests * truth.length
		}
	return bytes
}

function report(scene, size, seen) {
	const names = Object.keys(seen)
	const perCpu = (name) => seen[name].map((w) => w.perCpu)
	for (const name of names) {
		const middle = (of) => median(seen[name].map(of))
		scene.peers[`hit_${size}_${name}`] = { requests_per_cpu_s: median(perCpu(name)), requests_per_s: middle((w) => w.perSecond), busy: middle((w) => w.busy), p99_ms: middle((w) => w.p99_ms) }
		if (name === 'ours_added') scene.note(`hit_added_vs_static_${size}`, ratios(perCpu(name), perCpu('static')))
		else if (name !== 'ours') scene.note(`hit_vs_${name}_${size}`, ratios(perCpu('ours'), perCpu(name)))
	}
	say(`  ${size}: ${names.map((name) => `${name} ${Math.round(median(perCpu(name)))}`).join(', ')} requests per processor second`)
}

// Counting was on: contentd has heard of every byte that was answered in a measured window.
async function counted(stage, bytes) {
	return until('contentd has counted what was sent', 30, async () => {
		const { rows } = await stage.box.ask('/v1/usage?after=0&limit=1000')
		const sum = rows.filter((r) => r.lesson === FILM).reduce((n, r) => n + r.sent_bytes, 0)
		return sum >= bytes && sum
	})
}

export async function run(scene) {
	const sizes = (process.env.BENCH_SIZES || Object.keys(SIZES).join(',')).split(',')
	const seen = Object.fromEntries(sizes.map((size) => [size, {}]))
	const turns = scene.short ? 1 : TURNS
	const sum = { asked_bytes: 0, counted_bytes: 0 }
	for (let turn = 0; turn < turns; turn++) {
		const stage = await serve(scene, turn)
		let bytes = 0
		for (const size of sizes)
			bytes += await measure(scene, stage, size, scene.short ? (asker(scene, size) === wrk ? 1 : 2) : SIZES[size].rounds / turns, seen[size])
		sum.asked_bytes += bytes
		sum.counted_bytes += await counted(stage, bytes)
		await scene.rig.strike()
	}
	for (const size of sizes) report(scene, size, seen[size])
	scene.peers.hit_counting = sum
}
