// SPDX-License-Identifier: GPL-2.0-or-later
// A thousand clients at once: what each costs in memory while it is served, and how long the unlucky ones wait.
import fs from 'node:fs'
import path from 'node:path'

import { Box } from './box.mjs'
import { nginx, varnish } from './peers.mjs'
import { CLIENT_CORE, family, filesBelow, forget, pssKb, say, sleep } from './rig.mjs'
import { median, ratios, shuffle } from './stats.mjs'

// Ours and peers, freshly started, each with the same file. Returns [{ server, at }], ours and static first.
async function serve(scene, under, file) {
	const { rig, same } = scene
	const files = path.dirname(file)
	const at = `/${path.basename(file)}`
	const box = new Box(rig, 'ours', { under })
	const ourLine = await scene.line(`${under}-our-line`, box.origin)
	const peerLine = await scene.line(`${under}-line`, files)
	await box.publish()
	await box.configure(ourLine.port)
	await box.startContent()
	await box.sync()
	await box.startWeb()
	await box.stockFilm([file])
	const list = [
		{ name: 'ours', server: box.server, at: `${box.film}/1.m4s` },
		{ name: 'static', server: await nginx(rig, `${under}-static`, { kind: 'static', files, same }), at },
	]
	if (!scene.alone) list.push({ name: 'proxy_cache_open', server: await nginx(rig, `${under}-proxy`, { kind: 'proxy', origin: peerLine.port, same }), at })
	if (scene.has('varnishd')) list.push({ name: 'varnish', server: await varnish(rig, `${under}-varnish`, { origin: peerLine.port }), at })
	return list
}

// Clients that have read the first bytes of a long body and then read no more.
async function held(scene, { server, at }, count) {
	const { rig } = scene
	// The web server's alone: who is served from the store costs contentd nothing, and contentd has its own ups and downs.
	// nginx's cache loader, which ends by itself after a minute, holds none of them.
	const own = family(server.program.pid).filter((pid) => !/cache (loader|manager)/.test(fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1')))
	const before = pssKb(own)
	const it = rig.start('hold', rig.tool('bench-client'), ['hold', server.port, at, count, 4096].map(String), { core: CLIENT_CORE, input: 'pipe' })
	await new Promise((done, fail) => {
		it.child.stdout.on('data', done)
		it.done.then((e) => fail(new Error(`${server.name}: the clients ended (${JSON.stringify(e)}); see hold.log`)))
	})
	await sleep(100)
	const after = pssKb(own)
	if (before === null || after === null) throw new Error(`${server.name}: a process ended while clients were held`)
	it.child.stdin.end()
	await it.done
	rig.children = rig.children.filter((c) => c !== it)
	return (after - before) / count
}

export async function memory(scene) {
	const count = scene.short ? 200 : 1000
	const rounds = scene.short ? 1 : 5
	const file = await scene.file(scene.rig.dir('memory', 'files'), 'body', 4194304)
	const seen = {}
	for (let i = 0; i < rounds; i++) {
		const list = await serve(scene, `memory-${i}`, file)
		for (const s of list) { // one warm request: what is allocated once is not a client's
			await scene.client(['load', s.server.port, s.at, 1, 0.2], 20)
			const kb = await held(scene, s, count);
			(seen[s.name] ??= []).push(kb)
		}
		await scene.rig.strike()
	}
	say(`  ${Object.entries(seen).map(([name, v]) => `${name} ${median(v).toFixed(1)}`).join(', ')} KiB a client`)
	for (const [name, v] of Object.entries(seen)) scene.peers[`client_memory_${name}`] = { kb: median(v) }
	scene.note('client_memory_vs_static', ratios(seen.ours, seen.static))
}

// The 99th of 100 answers, 1,000 clients that ask again at once: everything waits for the same core.
export async function tail(scene) {
	const count = scene.short ? 200 : 1000
	const rounds = scene.short ? 2 : 15
	const seconds = scene.short ? 0.3 : 2
	const file = await scene.file(scene.rig.dir('tail', 'files'), 'body', 512000)
	const list = await serve(scene, 'tail-box', file)
	const seen = {}
	for (const s of list) { // as in hit.mjs: everyone's files as they are when they were read in
		await scene.client(['load', s.server.port, s.at, 1, 0.2], 20)
		for (const dir of s.server.dirs) forget(filesBelow(dir))
	}
	for (const s of list) await scene.client(['load', s.server.port, s.at, count, seconds], 90) // threads and buffers are there
	for (let i = 0; i < rounds; i++)
		for (const s of shuffle(i % 3 ? list.slice(0, 2) : list, scene.random)) { // the two that are compared each time, the others now and then
			const got = await scene.client(['load', s.server.port, s.at, count, seconds], 90)
			if (got.errors) throw new Error(`${s.name}: ${got.errors} errors with ${count} clients`);
			(seen[s.name] ??= []).push(got)
		}
	const p99 = (name) => seen[name].map((g) => g.ms.p99)
	for (const name of Object.keys(seen)) {
		const perSecond = median(seen[name].map((g) => g.requests * 1e6 / g.us))
		scene.peers[`tail_1000_${name}`] = { p50_ms: median(seen[name].map((g) => g.ms.p50)), p99_ms: median(p99(name)), max_ms: median(seen[name].map((g) => g.ms.p100)), requests_per_s: perSecond }
		say(`  ${name}: p50 ${scene.peers[`tail_1000_${name}`].p50_ms.toFixed(0)}, p99 ${median(p99(name)).toFixed(0)}, longest ${scene.peers[`tail_1000_${name}`].max_ms.toFixed(0)} ms, ${perSecond.toFixed(0)} requests/s`)
	}
	scene.note('p99_1000_vs_static', ratios(p99('ours'), p99('static')))
	await scene.rig.strike()
}
