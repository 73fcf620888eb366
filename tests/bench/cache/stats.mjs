// SPDX-License-Identifier: GPL-2.0-or-later
// Figures from rounds. All chance comes from one seed, which is printed, so that a run's order can be made again.

export function chance(seed) { // mulberry32: a number in [0, 1) at each call
	let a = seed >>> 0
	return () => {
		a = (a + 0x6d2b79f5) >>> 0
		let t = a
		t = Math.imul(t ^ (t >>> 15), t | 1)
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296
	}
}

export function shuffle(list, random) {
	const out = [...list]
	for (let i = out.length - 1; i > 0; i--) {
		const k = Math.floor(random() * (i + 1));
		[out[i], out[k]] = [out[k], out[i]]
	}
	return out
}

export function quantile(list, q) { // between the two nearest, as most tools do it
	if (!list.length) return NaN
	const s = [...list].sort((a, b) => a - b)
	const at = (s.length - 1) * q
	const low = Math.floor(at)
	return s[low] + (s[Math.min(low + 1, s.length - 1)] - s[low]) * (at - low)
}

export const median = (list) => quantile(list, 0.5)

// The median, and where it would lie in 95 of 100 repetitions: percentile bootstrap over the rounds.
export function figure(list, random, resamples = 4000) {
	if (!list.length) throw new Error('a figure needs at least one round')
	const medians = []
	for (let i = 0; i < resamples; i++)
		medians.push(median(list.map(() => list[Math.floor(random() * list.length)])))
	return { value: median(list), n: list.length, ci_low: quantile(medians, 0.025), ci_high: quantile(medians, 0.975) }
}

// Round by round: what was measured side by side is compared, and nothing else.
export const ratios = (above, below) => above.map((v, i) => v / below[i])
