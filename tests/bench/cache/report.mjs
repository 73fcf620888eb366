// SPDX-License-Identifier: GPL-2.0-or-later
// What is wanted of each figure, the table that people read, and the file that programs read.
import fs from 'node:fs'
import path from 'node:path'

import { say } from './rig.mjs'

// least: at least so much; most: at most. Figures without a row here are told and not judged.
const WANTED = {
	hit_vs_static_4k: { least: 0.95 }, hit_vs_static_500k: { least: 0.95 }, hit_vs_static_4m: { least: 0.95 },
	hit_vs_proxy_cache_4k: { least: 1.3 }, hit_vs_proxy_cache_500k: { least: 1.8 }, hit_vs_varnish_500k: { least: 1.0 },
	cold_origin_ratio: { most: 1.01 }, cold_streams: { most: 1 }, cold_ttfb_over_chunk_ms: { most: 150 }, cold_ttfb_over_chunk_ms_1000: { most: 150 },
	cold_ttlb_ratio: { most: 1.03 }, cold_ttlb_ratio_1000: { most: 1.03 }, cold_failed_clients: { most: 0 },
	cut_truncated_clients: { most: 0 }, cut_failed_clients: { most: 0 }, cut_refetched_bytes: { most: 1048576 },
	client_memory_vs_static: { most: 1.1 }, p99_1000_vs_static: { most: 1.1 }, disk_p99_vs_idle: { most: 2 },
	crash_wrong_bytes: { most: 0 }, crash_leaked_files: { most: 0 }, crash_lost_durable: { most: 0 },
}

const meets = (wanted, value) => value >= (wanted.least ?? -Infinity) && value <= (wanted.most ?? Infinity)
const digits = (x) => (Math.abs(x) >= 1000 ? x.toFixed(0) : Math.abs(x) >= 20 ? x.toFixed(1) : x.toFixed(3))

export function table(scene) {
	say(`\n${'figure'.padEnd(34)} ${'median'.padStart(9)} ${'95 of 100'.padStart(19)} ${'n'.padStart(3)}  wanted`)
	for (const [key, f] of Object.entries(scene.figures)) {
		const w = WANTED[key]
		const wanted = w ? `${w.least !== undefined ? `>= ${w.least}` : `<= ${w.most}`}  ${meets(w, f.value) ? 'yes' : 'NO'}` : ''
		say(`${key.padEnd(34)} ${digits(f.value).padStart(9)} ${`${digits(f.ci_low)} .. ${digits(f.ci_high)}`.padStart(19)} ${String(f.n).padStart(3)}  ${wanted}`)
	}
	for (const [part, why] of Object.entries(scene.skipped)) say(`${part}: not measured: ${why}`)
}

// Power cuts are tried by a bench of their own (make bench-cache-crash); what it last found stands beside the rest.
function crash(dir) {
	try {
		const found = JSON.parse(fs.readFileSync(path.join(dir, 'cache-crash.json'), 'utf8'))
		return Object.fromEntries(Object.entries(found).filter(([key]) => key.startsWith('crash_')))
	} catch {
		return {}
	}
}

// What an earlier run of other parts found, so that parts can be run one by one: never a short run's beside a real one's.
function earlier(resultFile, short) {
	try {
		const was = JSON.parse(fs.readFileSync(resultFile, 'utf8'))
		return was.short === short ? was : {}
	} catch {
		return {}
	}
}

export function write(scene, { resultFile, seed, machine, runs }) {
	const was = earlier(resultFile, scene.short)
	const out = { ...was }
	for (const part of Object.keys(runs)) // its old figures go, also when it found none this time
		for (const key of was.runs?.[part]?.figures ?? [])
			for (const end of ['', '_n', '_ci_low', '_ci_high']) delete out[key + end]
	for (const [key, f] of Object.entries(scene.figures)) {
		out[key] = f.value
		out[`${key}_n`] = f.n
		out[`${key}_ci_low`] = f.ci_low
		out[`${key}_ci_high`] = f.ci_high
	}
	Object.assign(out, crash(path.dirname(resultFile)))
	const missed = Object.keys(WANTED).filter((key) => out[key] !== undefined && !meets(WANTED[key], out[key]))
	Object.assign(out, {
		missed, short: scene.short, seed, runs: { ...was.runs, ...runs }, skipped: scene.skipped, machine, peers: { ...was.peers, ...scene.peers },
	})
	fs.mkdirSync(path.dirname(resultFile), { recursive: true })
	fs.writeFileSync(resultFile, `${JSON.stringify(out, null, '\t')}\n`)
	say(`\n${missed.length ? `missed: ${missed.join(', ')}` : `${Object.keys(scene.figures).length} figures, nothing missed`} -> ${resultFile}`)
}
