#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-or-later
// The cache beside its peers:  run.mjs BUILD_FOLDER RESULT.json   (see README.md beside this file)
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import * as busy from './busy.mjs'
import * as cold from './cold.mjs'
import * as disk from './disk.mjs'
import * as hit from './hit.mjs'
import { table, write } from './report.mjs'
import { Rig, say } from './rig.mjs'
import { Scene } from './scene.mjs'
import { chance } from './stats.mjs'

const PARTS = { hit: hit.run, cold: cold.run, cuts: cold.cuts, memory: busy.memory, tail: busy.tail, disk: disk.run }
const [build, resultFile] = process.argv.slice(2)
const only = (process.env.BENCH_ONLY || Object.keys(PARTS).join(',')).split(',')
const seed = Number(process.env.BENCH_SEED || Math.floor(Math.random() * 2 ** 32))
const unknown = only.find((name) => !PARTS[name])
if (!resultFile || unknown) {
	console.error(unknown ? `BENCH_ONLY: '${unknown}' is none of ${Object.keys(PARTS).join(', ')}` : 'usage: run.mjs BUILD_FOLDER RESULT.json')
	process.exit(2)
}

const rig = new Rig(path.resolve(build))
const scene = new Scene(rig, { short: Boolean(process.env.BENCH_SHORT), alone: process.env.BENCH_PEERS === 'none', random: chance(seed) })
const machine = { cpus: os.cpus().length, model: os.cpus()[0].model, kernel: os.release(), memory_mb: Math.round(os.totalmem() / 2 ** 20), load_before: os.loadavg() }
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => rig.end().then(() => process.exit(1)))
say(`cache benchmark: ${only.join(', ')}${scene.short ? ' (short: the tool is tried, the figures are not to be believed)' : ''}; seed ${seed}; load ${machine.load_before.map((x) => x.toFixed(2)).join(' ')}`)
if (!scene.short && machine.load_before[0] > 0.7) say('this machine is busy with something else: counts hold, times and ratios are not to be believed')
const runs = {}
try {
	for (const name of only) {
		const began = performance.now(), before = new Set(Object.keys(scene.figures))
		runs[name] = { at: new Date().toISOString(), seed, load_before: os.loadavg() }
		say(name)
		// A part that fails takes no other with it; the command fails at the end.
		await PARTS[name](scene).catch((e) => {
			console.error(e)
			runs[name].failed = e.message
			return rig.strike()
		})
		runs[name].figures = Object.keys(scene.figures).filter((key) => !before.has(key))
		runs[name].seconds = Math.round((performance.now() - began) / 1000)
		runs[name].load_after = os.loadavg()
		say(`  took ${runs[name].seconds} s`)
	}
	machine.load_after = os.loadavg()
	table(scene)
	write(scene, { resultFile, seed, machine, runs })
} finally {
	await rig.end()
}
process.exit(Object.values(runs).some((r) => r.failed) ? 1 : 0)
