// SPDX-License-Identifier: GPL-2.0-or-later
// What the parts of the benchmark have in common: one run's chance, files of known bytes, lines, and the report.
import fs from 'node:fs'
import path from 'node:path'

import { template } from './box.mjs'
import { sameLines } from './peers.mjs'
import { CLIENT_CORE, freePort, Talker } from './rig.mjs'
import { figure } from './stats.mjs'

export class Scene {
	constructor(rig, { short, alone, random }) {
		Object.assign(this, { rig, short, alone, random, figures: {}, peers: {}, skipped: {}, found: {}, nextSeed: 1 })
		this.same = sameLines(template(rig))
	}

	// Whether a program is here. Those that are compared with may be missing: that is said, once.
	has(program) {
		if (this.alone) return false
		if (this.found[program] === undefined) {
			this.found[program] = [process.env.PATH ?? '', '/usr/sbin', '/usr/bin'].join(':').split(':').some((d) => fs.existsSync(path.join(d, program)))
			if (!this.found[program]) this.skipped[program] = `${program} is not installed (make deps-bench)`
		}
		return this.found[program]
	}

	// A file of `size` bytes that no other file has.
	async file(dir, name, size) {
		const at = path.join(dir, name)
		const out = fs.openSync(at, 'w')
		fs.closeSync(out)
		await this.rig.run('sh', ['-c', '"$0" bytes "$1" 0 "$2" >"$3"', this.rig.tool('cache-feeder'), String(this.nextSeed++), String(size), at])
		return at
	}

	// An origin whose line all its connections share.
	async line(name, folder) {
		const port = await freePort()
		const talker = new Talker(this.rig.start(name, this.rig.tool('bench-line'), [String(port), folder], { eager: true, input: 'pipe' }))
		talker.port = port
		await talker.ask('state')
		return talker
	}

	async client(args, seconds) {
		const out = await this.rig.run(this.rig.tool('bench-client'), args.map(String), { core: CLIENT_CORE, seconds })
		return JSON.parse(out.trim().split('\n').pop())
	}

	// A figure of the product: one value a round.
	note(key, values) {
		this.figures[key] = figure(values, this.random)
	}
}
