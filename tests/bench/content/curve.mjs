// SPDX-License-Identifier: GPL-2.0-or-later
// Bytes at a given similarity, from points {bytes, ssim} of one encoder at several rate factors.

// Similarity in decibels: a straight line over the logarithm of bytes, nearly.
export const db = (ssim) => -10 * Math.log10(1 - ssim)

/*
 * Between two points, on the straight line; outside of all, nothing: a figure is not guessed. At least four points.
 */
export function bytesAt(points, ssim) {
	if (points.length < 4) throw new Error(`${points.length} points; at least four are needed`)
	const sorted = points.map((p) => ({ x: db(p.ssim), y: Math.log(p.bytes) })).sort((a, b) => a.x - b.x)
	const x = db(ssim)
	for (let i = 0; i + 1 < sorted.length; i++) {
		const a = sorted[i], b = sorted[i + 1]
		if (x >= a.x && x <= b.x && b.x > a.x) return Math.exp(a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x))
	}
	return NaN
}

// Points from `make(crf)` at the given factors, and further ones until `ssim` lies between two.
export function around(ssim, crfs, make, least, most) {
	const points = crfs.map((crf) => ({ crf, ...make(crf) }))
	for (let i = 0; i < 6 && Number.isNaN(bytesAt(points, ssim)); i++) {
		const worst = Math.min(...points.map((p) => p.ssim))
		const next = ssim < worst ? Math.max(...points.map((p) => p.crf)) + 4 : Math.min(...points.map((p) => p.crf)) - 4
		if (next < least || next > most) break
		points.push({ crf: next, ...make(next) })
	}
	return points
}
