// SPDX-License-Identifier: GPL-2.0-or-later
// Hits: requests per processor second of the server, in rounds; each round asks every server once, in an order drawn by lot.
import fs from 'node:fs'
import path from 'node:path'

import { CLIENT_CORE, fetchBytes, say } from './rig.mjs'
import { figure, median, ratios, shuffle } from './stats.mjs'

export const SIZES = { '4k': 4096, '500k': 512000, '4m': 4194304 }

export async function wrk(rig, url, { clients = 32, seconds = 1 } = {}) {
	const out = await rig.run('wrk', ['-t', '1', '-c', String(clients), '-d', `${seconds}s`, '--timeout', '20s',
		'-s', path.join(rig.house, 'tests/bench/cache/wrk.lua'), url], { core: CLIENT_CORE, seconds: seconds + 60 })
	const got = JSON.parse(out.trim().split('\n').pop())
	if (got.errors) throw new Error(`wrk ${url}: ${got.errors} errors`)
	return got
}

// One server, one window: what was answered, and what it cost the server.
async function window(rig, server, url, seconds) {
	const before = server.cpu()
	const got = await wrk(rig, url, { seconds })
	const cpu = server.cpu() - before
	return { perCpu: got.requests / cpu, perSecond: got.requests * 1e6 / got.us, requests: got.requests, busy: cpu / (got.us / 1e6), p99_us: got.p99_us }
}

// servers: [{ server, url(size) }], the first one named "ours"; files: size name to file of the true bytes.
export async function measure({ rig, random, rounds, seconds, servers, files }) {
	const result = { figures: {}, peers: {}, asked: 0 }
	for (const [size, file] of Object.entries(files)) {
		const truth = fs.readFileSync(file)
		for (const s of servers) { // warm, and the right bytes
			for (let i = 0; i < 2; i++) {
				const got = await fetchBytes(s.url(size))
				if (got.status !== 200 || !got.body.equals(truth)) throw new Error(`${s.server.name}: ${s.url(size)} is not ${file}`)
				if (s.server.name === 'ours') result.asked++
			}
			const got = await window(rig, s.server, s.url(size), 1)
			if (s.server.name === 'ours') result.asked += got.requests
		}
		const seen = Object.fromEntries(servers.map((s) => [s.server.name, []]))
		for (let i = 0; i < rounds; i++)
			for (const s of shuffle(servers, random)) {
				const got = await window(rig, s.server, s.url(size), seconds)
				seen[s.server.name].push(got)
				if (s.server.name === 'ours') result.asked += got.requests
			}
		const perCpu = (name) => seen[name].map((w) => w.perCpu)
		for (const { server: { name } } of servers) {
			result.peers[`${name}_${size}`] = {
				requests_per_cpu_s: median(perCpu(name)), requests_per_s: median(seen[name].map((w) => w.perSecond)),
				busy: median(seen[name].map((w) => w.busy)), p99_ms: median(seen[name].map((w) => w.p99_us)) / 1000,
			}
			if (name !== 'ours') result.figures[`hit_vs_${name}_${size}`] = figure(ratios(perCpu('ours'), perCpu(name)), random)
		}
		say(`  ${size}: ${servers.map((s) => `${s.server.name} ${Math.round(median(perCpu(s.server.name)))}`).join(', ')} requests per processor second`)
	}
	return result
}
