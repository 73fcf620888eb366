// SPDX-License-Identifier: GPL-2.0-or-later
// Commands, what they cost, and what pictures look like beside their source. Everything happens in one folder, which is removed at the end.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export const say = (line) => console.log(line)

export class Lab {
	constructor(build, media, { short }) {
		this.build = build
		this.short = short
		this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'wasl-bench-'))
		const file = (name) => path.join(media, 'lecture', name)
		// Colours of films below 720 lines that do not say are BT.601 for every player; ours are BT.709.
		this.clips = {
			w: { file: file('waves-720p.mp4'), fps: [25, 1], sizes: { 480: [854, 480], 360: [640, 360], 240: [426, 240], 144: [256, 144] }, space: 'bt709' },
			g: { file: file('gnome-task-switching.webm'), fps: [24, 1], sizes: { 480: [854, 480], 360: [640, 360], 240: [428, 240], 144: [256, 144] }, space: 'bt601' },
			s: { file: file('talks-seismic.mp4'), fps: [15, 1], sizes: { 480: [480, 480], 360: [360, 360], 240: [240, 240], 144: [144, 144] }, space: 'bt601' },
		}
		for (const [name, clip] of Object.entries(this.clips)) {
			clip.name = name
			if (!fs.existsSync(clip.file)) throw new Error(`${clip.file} is not here; WASL_MEDIA names the folder of sample lessons`)
		}
	}

	bin(name) { return path.join(this.build, 'bin', name) }
	at(name) { return path.join(this.dir, name) }
	end() { fs.rmSync(this.dir, { recursive: true, force: true }) }

	run(command, args, options = {}) {
		return execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'pipe'], ...options })
	}

	ffmpeg(args) { return this.run('ffmpeg', ['-hide_banner', '-nostdin', '-y', ...args]) }

	// Several commands as one: their processor seconds add up.
	cost(commands) {
		const sum = { cpu_s: 0, wall_s: 0, rss_mb: 0 }
		for (const command of commands) {
			this.run(path.join(this.build, 'tests', 'bench-cost'), [this.at('cost.json'), ...command])
			const c = JSON.parse(fs.readFileSync(this.at('cost.json'), 'utf8'))
			sum.cpu_s += c.cpu_s
			sum.wall_s += c.wall_s
			sum.rss_mb = Math.max(sum.rss_mb, c.rss_mb)
		}
		return sum
	}

	// The whole pipeline on one file; the folder that holds what was made.
	kitchen(file, out, options = []) {
		const folder = this.at(out)
		fs.rmSync(folder, { recursive: true, force: true })
		return { folder, command: [this.bin('wasl-kitchen'), file, '--out', folder, ...options] }
	}

	verdict(folder) { return JSON.parse(fs.readFileSync(path.join(folder, 'verdict.json'), 'utf8')) }

	// One file of a rung as a player sees it, and its bytes.
	rung(folder, name) {
		const gen = path.join(folder, this.verdict(folder).generation, name)
		const pieces = fs.readdirSync(gen).filter((f) => f.endsWith('.m4s')).sort((a, b) => parseInt(a) - parseInt(b))
		const files = ['init.mp4', ...pieces].map((f) => path.join(gen, f))
		const to = `${gen}.mp4`
		fs.writeFileSync(to, Buffer.concat(files.map((f) => fs.readFileSync(f))))
		return { file: to, bytes: fs.statSync(to).size }
	}

	// The clip at the size and rate of a rung, without loss: what is encoded and what is looked at. The smallest rung has every second picture.
	reference(clip, lines) {
		const to = this.at(`ref-${clip.name}-${lines}.mkv`)
		if (!fs.existsSync(to)) {
			const [w, h] = clip.sizes[lines], [num, den] = this.rate(clip, lines)
			this.ffmpeg(['-v', 'error', '-i', clip.file, ...(this.short ? ['-t', '10'] : []), '-an', '-vf',
				`fps=${clip.fps.join('/')},${this.halved(clip, lines) ? "select='not(mod(n,2))'," : ''}` +
				`scale=${w}:${h}:flags=lanczos+accurate_rnd:in_color_matrix=${clip.space}:out_color_matrix=bt709,setsar=1,format=yuv420p,setpts=N*${den}/${num}/TB`,
				'-r', `${num}/${den}`, '-c:v', 'libx264', '-qp', '0', '-preset', 'ultrafast', to])
		}
		return to
	}

	halved(clip, lines) { return Number(lines) === 144 && clip.fps[0] >= 20 * clip.fps[1] }
	rate(clip, lines) { return this.halved(clip, lines) ? [clip.fps[0], clip.fps[1] * 2] : clip.fps }

	// Structural similarity of all planes, picture by picture at the rung's pace: what is on show, whether it was encoded or stays.
	ssim(file, clip, lines) {
		const [w, h] = clip.sizes[lines], fps = this.rate(clip, lines).join('/')
		const log = this.run('bash', ['-c', `ffmpeg -hide_banner -nostdin -i "$1" -i "$2" -an -filter_complex "$3" -f null - 2>&1`, 'ssim', file, this.reference(clip, lines),
			`[0:v]setpts=PTS-STARTPTS,fps=${fps},scale=${w}:${h}:flags=lanczos+accurate_rnd,format=yuv420p[a];[1:v]setpts=PTS-STARTPTS,fps=${fps}[b];[a][b]ssim`])
		const found = log.match(/SSIM .*All:([0-9.]+)/)
		if (!found) throw new Error(`no similarity of ${file}: ${log.slice(-300)}`)
		return Number(found[1])
	}
}
