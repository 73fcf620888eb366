#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-or-later
// The cache beside its peers:  run.mjs BUILD_FOLDER RESULT.json   (see README.md beside this file)
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import { Box, template } from './box.mjs'
import * as hit from './hit.mjs'
import { nginx, sameLines, varnish, VARNISHD } from './peers.mjs'
import { freePort, Rig, say, Talker } from './rig.mjs'
import { chance } from './stats.mjs'

const [build, resultFile] = process.argv.slice(2)
const short = Boolean(process.env.BENCH_SHORT)
const seed = Number(process.env.BENCH_SEED ?? Math.floor(Math.random() * 2 ** 32))
const PARTS = { hit: partHit }
const only = (process.env.BENCH_ONLY || Object.keys(PARTS).join(',')).split(',')
const random = chance(seed)
const rig = new Rig(path.resolve(build))
const report = { figures: {}, peers: {} }

async function bytesFile(dir, name, seedOf, size) {
	const at = path.join(dir, name)
	await rig.run('sh', ['-c', '"$0" bytes "$1" 0 "$2" >"$3"', rig.tool('cache-feeder'), String(seedOf), String(size), at])
	return at
}

// An origin with a line of its own.
async function line(name, folder) {
	const port = await freePort()
	const it = rig.start(name, rig.tool('bench-line'), [String(port), folder], { eager: true, input: 'pipe' })
	const talker = new Talker(it)
	talker.port = port
	await talker.ask('state')
	return talker
}

async function partHit() {
	const files = rig.dir('hit')
	const sizes = {}
	let n = 0
	for (const [size, bytes] of Object.entries(hit.SIZES)) sizes[size] = await bytesFile(files, size, 100 + n++, bytes)
	const box = new Box(rig, 'ours')
	const ourLine = await line('hit-our-line', box.origin)
	const peerLine = await line('hit-line', files)
	await box.publish()
	await box.configure(ourLine.port)
	await box.startContent()
	await box.sync()
	await box.startWeb()
	await box.stockFilm(Object.values(sizes))
	const same = sameLines(template(rig))
	const segment = Object.fromEntries(Object.keys(sizes).map((s, i) => [s, `${box.server.url}${box.film}/${i + 1}.m4s`]))
	const plain = (server) => ({ server, url: (size) => `${server.url}/${size}` })
	const servers = [
		{ server: box.server, url: (size) => segment[size] },
		plain(await nginx(rig, 'static', { kind: 'static', files, same })),
		plain(await nginx(rig, 'proxy_cache', { kind: 'proxy', origin: peerLine.port, openFiles: false, same })),
		plain(await nginx(rig, 'proxy_cache_open', { kind: 'proxy', origin: peerLine.port, same })),
	]
	if (fs.existsSync(VARNISHD)) servers.push(plain(await varnish(rig, 'varnish', { origin: peerLine.port })))
	const got = await hit.measure({ rig, random, rounds: short ? 3 : 15, seconds: 1, servers, files: sizes })
	Object.assign(report.figures, got.figures)
	Object.assign(report.peers, got.peers)
}

const load = os.loadavg()
say(`cache benchmark: parts ${only.join(', ')}; seed ${seed}; load before ${load.map((x) => x.toFixed(2)).join(' ')}`)
try {
	for (const name of only) {
		if (!PARTS[name]) throw new Error(`BENCH_ONLY: '${name}' is none of ${Object.keys(PARTS).join(', ')}`)
		const began = performance.now()
		say(`${name}`)
		await PARTS[name]()
		say(`  took ${((performance.now() - began) / 1000).toFixed(0)} s`)
	}
	for (const [k, f] of Object.entries(report.figures)) say(`${k.padEnd(32)} ${f.value.toFixed(3)}  [${f.ci_low.toFixed(3)}, ${f.ci_high.toFixed(3)}] n ${f.n}`)
	fs.mkdirSync(path.dirname(resultFile), { recursive: true })
	fs.writeFileSync(resultFile, JSON.stringify(report, null, '\t'))
} finally {
	await rig.end()
}
