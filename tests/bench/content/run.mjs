#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-or-later
// The lesson kitchen beside the ffmpeg command line:  run.mjs BUILD_FOLDER RESULT.json   (see README.md beside this folder)
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import { median } from '../cache/stats.mjs'
import { Lab, say } from './lab.mjs'
import { PARTS } from './parts.mjs'

// Most that a figure may be. Figures without a row are told and not judged.
const WANTED = {
	ladder_cpu_ratio_w: 0.55, ladder_cpu_ratio_g: 0.4, ladder_cpu_ratio_s: 0.6,
	ladder_cpu_ratio_mezzanine_w: 0.55, ladder_cpu_ratio_mezzanine_g: 0.4, ladder_cpu_ratio_mezzanine_s: 0.6,
	ladder_cpu_vs_once_w: 1, ladder_cpu_vs_once_g: 1, ladder_cpu_vs_once_s: 1,
	ladder_bytes_ratio_w: 0.7, ladder_bytes_ratio_g: 0.5, ladder_bytes_ratio_s: 0.6,
	mezzanine_vs_480p: 0.55, mezzanine_vs_480p_idle: 0.7, mezzanine_vs_ladder_bytes: 0.125,
	first_segment_cpu_s: 0.5, rss_mb: 160, rss_mb_idle: 300, cut_lost_segments: 1,
}

const [build, resultFile] = process.argv.slice(2)
const only = (process.env.BENCH_ONLY || Object.keys(PARTS).join(',')).split(',')
const unknown = only.find((name) => !PARTS[name])
if (!resultFile || unknown) {
	console.error(unknown ? `BENCH_ONLY: '${unknown}' is none of ${Object.keys(PARTS).join(', ')}` : 'usage: run.mjs BUILD_FOLDER RESULT.json')
	process.exit(2)
}
const short = Boolean(process.env.BENCH_SHORT)
const lab = new Lab(path.resolve(build), process.env.WASL_MEDIA || '../shared/media', { short })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { lab.end(); process.exit(1) })
const names = (process.env.BENCH_CLIPS || (short ? 's' : 'w,g,s')).split(',')
const clips = names.map((name) => lab.clips[name])
const machine = { cpus: os.cpus().length, model: os.cpus()[0].model, kernel: os.release(), ffmpeg: lab.run('ffmpeg', ['-version']).split('\n')[0], load_before: os.loadavg() }
say(`content benchmark: ${only.join(', ')} on ${names.join(', ')}${short ? ' (short: the tool is tried, the figures are not to be believed)' : ''}; load ${machine.load_before.map((x) => x.toFixed(2)).join(' ')}`)

const was = fs.existsSync(resultFile) ? JSON.parse(fs.readFileSync(resultFile, 'utf8')) : {}
const out = was.short === short ? { ...was } : {}
out.facts = { ...out.facts }
out.runs = { ...out.runs }
let failed = false
try {
	for (const name of only) {
		const figures = {}, began = performance.now(), load = os.loadavg()
		say(name)
		try {
			PARTS[name]({ lab, clips, figures, facts: out.facts, rounds: short ? 1 : 3 })
		} catch (e) {
			console.error(e.stderr?.slice(-2000) || e)
			failed = true
		}
		for (const [key, value] of Object.entries(figures)) {
			out[key] = Array.isArray(value) ? median(value) : value
			if (Array.isArray(value)) out[`${key}_rounds`] = value
		}
		out.runs[name] = { at: new Date().toISOString(), clips: names, seconds: Math.round((performance.now() - began) / 1000), load_before: load, load_after: os.loadavg() }
	}
} finally {
	lab.end()
}
// Kills at random moments are tried by the long form of tests/content/byhand.t; what it last found stands beside the rest.
try {
	const cut = JSON.parse(fs.readFileSync(path.join(path.dirname(resultFile), 'cut.json'), 'utf8'))
	Object.assign(out, { cut_lost_segments: cut.cut_lost_segments, cut_kills: cut.kills })
} catch {
	delete out.cut_lost_segments
}
machine.load_after = os.loadavg()
const judged = (key) => WANTED[key] !== undefined && out[key] !== undefined
say(`\n${'figure'.padEnd(36)} ${'value'.padStart(10)}  wanted`)
for (const [key, value] of Object.entries(out))
	if (typeof value === 'number') say(`${key.padEnd(36)} ${value.toFixed(value >= 20 ? 1 : 3).padStart(10)}  ${judged(key) ? `<= ${WANTED[key]}  ${value <= WANTED[key] ? 'yes' : 'NO'}` : ''}`)
const missed = Object.keys(WANTED).filter((key) => judged(key) && !(out[key] <= WANTED[key]))
Object.assign(out, { missed, not_measured: Object.keys(WANTED).filter((key) => !judged(key)), short, machine })
fs.mkdirSync(path.dirname(resultFile), { recursive: true })
fs.writeFileSync(resultFile, `${JSON.stringify(out, null, '\t')}\n`)
say(`\n${missed.length ? `missed: ${missed.join(', ')}` : 'nothing missed'} -> ${resultFile}`)
process.exit(failed ? 1 : 0)
