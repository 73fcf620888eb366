// SPDX-License-Identifier: GPL-2.0-or-later
// The parts of the benchmark. Each fills figures[key] with a value, or with a list of rounds.
import fs from 'node:fs'
import path from 'node:path'

import { around, bytesAt, db } from './curve.mjs'
import { say } from './lab.mjs'

const RUNGS = [[480, 1200], [360, 700], [240, 350], [144, 150]] // lines, kbit/s of the plain ladder
const LADDER = ['--rungs', '480p,360p,240p,144p,audio']
const SPAN = (lab) => (lab.short ? ['-t', '10'] : [])

// --- processor seconds ---------------------------------------------------------------------------------

function plain(lab, clip) { // four commands, as anybody would write them
	const group = String(Math.round(2 * clip.fps[0] / clip.fps[1]))
	return RUNGS.map(([lines, kbps]) => ['ffmpeg', '-v', 'error', '-nostdin', '-y', ...SPAN(lab), '-i', clip.file, '-vf', `scale=-2:${lines}`, '-pix_fmt', 'yuv420p',
		'-c:v', 'libx264', '-preset', 'veryfast', '-b:v', `${kbps}k`, '-maxrate', `${kbps}k`, '-bufsize', `${2 * kbps}k`, '-g', group, '-keyint_min', group, '-sc_threshold', '0',
		'-c:a', 'aac', '-b:a', '96k', '-movflags', '+faststart', lab.at(`plain-${clip.name}-${lines}.mp4`)])
}

function once(lab, clip) { // one command with our settings: one decode, scaled from rung to rung
	const ours = { 480: ['26', 'main', 800], 360: ['26', 'main', 448], 240: ['27', 'main', 224], 144: ['27', 'baseline', 96] }
	const chain = RUNGS.map(([lines], i) => `[i${i}]scale=${clip.sizes[lines].join(':')}:flags=lanczos+accurate_rnd${i ? '' : `:in_color_matrix=${clip.space}:out_color_matrix=bt709`},split[o${i}][i${i + 1}]`)
	const tail = lab.halved(clip, 144) ? `;[o3]fps=${lab.rate(clip, 144).join('/')}[p3]` : ';[o3]null[p3]'
	const out = RUNGS.flatMap(([lines], i) => {
		const [crf, profile, kbps] = ours[lines]
		return ['-map', i === 3 ? '[p3]' : `[o${i}]`, '-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', profile, '-crf', crf, '-maxrate', `${kbps}k`, '-bufsize', `${kbps}k`,
			'-threads', '1', '-g', String(8 * clip.fps[0]), '-x264-params', 'ref=1', lab.at(`once-${clip.name}-${lines}.mp4`)]
	})
	const sound = clip.silent ? [] : ['-map', '0:a', '-ac', '1', '-ar', '48000', '-c:a', 'aac', '-b:a', '48k', lab.at(`once-${clip.name}.m4a`)]
	return [['ffmpeg', '-v', 'error', '-nostdin', '-y', ...SPAN(lab), '-i', clip.file, '-filter_complex', `[0:v]null[i0];${chain.join(';')};[i4]nullsink${tail}`, ...out, ...sound]]
}

// A short run cuts the clip for everybody.
function source(lab, clip) {
	if (!lab.short) return clip.file
	const to = lab.at(`cut-${path.basename(clip.file)}`)
	if (!fs.existsSync(to)) lab.ffmpeg(['-v', 'error', '-i', clip.file, '-t', '10', '-c', 'copy', to])
	return to
}

function mezzanine(lab, clip, crf) {
	const base = lab.at(`mezz-${clip.name}${crf ? `-${crf}` : ''}`)
	if (!fs.existsSync(`${base}.json`))
		lab.run(lab.bin('wasl-transcoder'), ['mezzanine', '--in', source(lab, clip), '--out', `${base}.mp4`, '--plan', `${base}.pb`, '--json', `${base}.json`, '--preset', '6', ...(crf ? ['--crf', String(crf)] : [])])
	return base
}

const hasSound = (lab, file) => lab.run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_type', '-of', 'csv=p=0', file]).includes('audio')

export function now({ lab, clips, figures, facts, rounds }) {
	for (const clip of clips) {
		clip.silent = !hasSound(lab, clip.file)
		const base = mezzanine(lab, clip)
		const made = { plain: [], once: [], ours: [], mezz: [] }
		for (let i = 0; i < rounds; i++) { // side by side, so that what else the machine does meets all
			made.plain.push(lab.cost(plain(lab, clip)).cpu_s)
			made.ours.push(lab.cost([lab.kitchen(source(lab, clip), `now-${clip.name}`, LADDER).command]).cpu_s)
			made.once.push(lab.cost(once(lab, clip)).cpu_s)
			made.mezz.push(lab.cost([lab.kitchen(`${base}.mp4`, `nowm-${clip.name}`, ['--plan', `${base}.pb`, ...LADDER]).command]).cpu_s)
		}
		const ratio = (a, b) => a.map((v, i) => v / b[i])
		figures[`ladder_cpu_ratio_${clip.name}`] = ratio(made.ours, made.plain)
		figures[`ladder_cpu_ratio_mezzanine_${clip.name}`] = ratio(made.mezz, made.plain)
		figures[`ladder_cpu_vs_once_${clip.name}`] = ratio(made.ours, made.once)
		facts[`ladder_cpu_s_${clip.name}`] = made
	}
}

// --- bytes at equal similarity ---------------------------------------------------------------------------

function anchor(lab, clip, lines) { // veryfast, CRF, a key frame every 2 s: of the same pictures that ours are compared with
	const group = String(Math.round(2 * lab.rate(clip, lines)[0] / lab.rate(clip, lines)[1]))
	return (crf) => {
		const to = lab.at('anchor.mp4')
		lab.ffmpeg(['-v', 'error', '-i', lab.reference(clip, lines), '-c:v', 'libx264', '-preset', 'veryfast', '-crf', String(crf), '-g', group, '-keyint_min', group, '-sc_threshold', '0', '-pix_fmt', 'yuv420p', to])
		return { bytes: fs.statSync(to).size, ssim: lab.ssim(to, clip, lines) }
	}
}

function cooked(lab, clip, point) {
	const name = `${point}-${clip.name}`
	if (!fs.existsSync(path.join(lab.at(name), 'verdict.json'))) {
		const k = lab.kitchen(source(lab, clip), name, ['--point', point, ...LADDER])
		clip[point] = lab.cost([k.command])
	}
	return lab.at(name)
}

export function idle({ lab, clips, figures, facts }) {
	for (const clip of clips) {
		const folder = cooked(lab, clip, 'idle')
		const sum = { ours: 0, plain: 0 }, rows = {}
		for (const [lines] of RUNGS) {
			const made = lab.verdict(folder).rungs.find((r) => r.name === `${lines}p`)
			if (!made) continue // dropped: a player has the next smaller one
			const { file, bytes } = lab.rung(folder, `${lines}p`)
			const ssim = lab.ssim(file, clip, lines)
			const points = around(ssim, lab.short ? [20, 23, 26, 29] : [19, 22, 25, 28, 31], anchor(lab, clip, lines), 6, 48)
			const equal = bytesAt(points, ssim)
			rows[lines] = { bytes, ssim, equal_bytes: equal, ratio: bytes / equal, points }
			say(`  ${clip.name} ${lines}p idle: ${bytes} bytes, SSIM ${ssim.toFixed(4)} (${db(ssim).toFixed(2)} dB); plain needs ${Math.round(equal)}: ${(bytes / equal).toFixed(3)}`)
			figures[`ladder_bytes_ratio_${lines}p_${clip.name}`] = bytes / equal
			sum.ours += bytes
			sum.plain += equal
		}
		figures[`ladder_bytes_ratio_${clip.name}`] = sum.ours / sum.plain
		facts[`ladder_bytes_${clip.name}`] = rows
	}
}

// --- the mezzanine -----------------------------------------------------------------------------------------

function pictureBytes(lab, file) {
	return lab.run('ffprobe', ['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=size', '-of', 'csv=p=0', file]).split('\n').reduce((n, line) => n + (parseInt(line) || 0), 0)
}

export function mezz({ lab, clips, figures, facts }) {
	const sums = { now: [0, 0], idle: [0, 0] }
	let small = 0, large = 0
	for (const clip of clips) {
		const crf = (n) => {
			const file = `${mezzanine(lab, clip, n)}.mp4`
			return { bytes: pictureBytes(lab, file), ssim: lab.ssim(file, clip, 480) }
		}
		let points = lab.short ? [26, 34, 42, 50].map((n) => ({ crf: n, ...crf(n) })) : [28, 34, 40, 46, 52].map((n) => ({ crf: n, ...crf(n) }))
		for (const point of ['now', 'idle']) {
			const { file, bytes } = lab.rung(cooked(lab, clip, point), '480p')
			const ssim = lab.ssim(file, clip, 480)
			if (Number.isNaN(bytesAt(points, ssim))) points = around(ssim, points.map((p) => p.crf), (n) => points.find((p) => p.crf === n) ?? crf(n), 10, 60)
			const equal = bytesAt(points, ssim)
			say(`  ${clip.name} mezzanine beside 480p ${point}: ${Math.round(equal)} of ${bytes} bytes at SSIM ${ssim.toFixed(4)}: ${(equal / bytes).toFixed(3)}`)
			figures[`mezzanine_vs_480p${point === 'idle' ? '_idle' : ''}_${clip.name}`] = equal / bytes
			sums[point][0] += equal
			sums[point][1] += bytes
		}
		facts[`mezzanine_${clip.name}`] = points
		small += fs.statSync(`${mezzanine(lab, clip)}.mp4`).size
		if (!fs.existsSync(lab.at(`plain-${clip.name}-144.mp4`))) lab.cost(plain(lab, clip))
		const ladder = RUNGS.reduce((n, [lines]) => n + fs.statSync(lab.at(`plain-${clip.name}-${lines}.mp4`)).size, 0)
		figures[`mezzanine_vs_ladder_bytes_${clip.name}`] = fs.statSync(`${mezzanine(lab, clip)}.mp4`).size / ladder
		large += ladder
	}
	figures.mezzanine_vs_480p = sums.now[0] / sums.now[1]
	figures.mezzanine_vs_480p_idle = sums.idle[0] / sums.idle[1]
	figures.mezzanine_vs_ladder_bytes = small / large
}

// --- one segment, memory, an hour ---------------------------------------------------------------------------

export function first({ lab, clips, figures, rounds }) {
	const clip = clips[0], base = mezzanine(lab, clip)
	const one = (file, options) => Array.from({ length: rounds }, () => lab.cost([lab.kitchen(file, 'first', ['--rungs', '240p', '--segment', '1', ...options]).command]).cpu_s)
	figures.first_segment_cpu_s = one(`${base}.mp4`, ['--plan', `${base}.pb`])
	figures.first_segment_foreign_cpu_s = one(source(lab, clip), [])
}

// A source of 1080 lines that moves: the clip of that size among the odd files has hardly any pictures.
export function memory({ lab, clips, figures }) {
	const large = lab.at('large.mp4')
	lab.ffmpeg(['-v', 'error', '-i', clips[0].file, '-t', lab.short ? '6' : '20', '-vf', 'scale=1920:1080', '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'copy', large])
	for (const point of ['now', 'idle']) {
		const k = lab.kitchen(large, 'memory', ['--point', point, ...LADDER])
		const c = lab.cost([k.command])
		figures[`rss_mb${point === 'idle' ? '_idle' : ''}`] = c.rss_mb
	}
}

export function hour({ lab, clips, figures, facts }) {
	for (const clip of clips) {
		const base = mezzanine(lab, clip)
		const seconds = JSON.parse(fs.readFileSync(`${base}.json`, 'utf8')).plan.segments.reduce((n, s) => n + s.duration_ticks, 0) / JSON.parse(fs.readFileSync(`${base}.json`, 'utf8')).plan.timescale
		for (const point of ['now', 'idle']) {
			const s = JSON.parse(lab.run(path.join(lab.build, 'tests', 'bench-shares'), [`${base}.mp4`, `${base}.pb`, point, '480p,360p,240p,144p']))
			const all = s.pictures_cpu_s + s.sound_cpu_s, key = `hour_${point}_${clip.name}`
			figures[`${key}_cpu_s`] = all * 3600 / seconds
			facts[key] = { ...s, seconds }
			for (const share of ['decoder', 'scaler', 'encoder', 'other']) figures[`${key}_${share}`] = s[share] * s.pictures_cpu_s / all
			figures[`${key}_sound`] = s.sound_cpu_s / all
		}
	}
}

export const PARTS = { now, idle, mezz, first, memory, hour }
