// SPDX-License-Identifier: GPL-2.0-or-later
// What a measurement that stops early is worth, and what it costs, beside a whole one over the same line in the same minute.
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { sleep, until } from '../cache/rig.mjs'
import { HUB, LINES } from './school.mjs'

const RATES = [2, 10, 50] // Mbit/s, both ways
const TRIP_MS = 40

function post(school, target, body) {
	return new Promise((done, fail) => {
		const ask = http.request({ method: 'POST', socketPath: path.join(school.work, 'root/run/wasl/netmgrd.sock'), path: target,
			headers: { 'Content-Type': 'application/json' } }, (answer) => {
			let text = ''
			answer.on('data', (more) => { text += more }).on('end', () => {
				if (answer.statusCode < 300) done(JSON.parse(text))
				else fail(new Error(text))
			})
		})
		ask.on('error', fail)
		ask.end(JSON.stringify(body))
	})
}

// One row of netmgrd's, and the bytes of whole frames that the line carried meanwhile.
async function one(school, full) {
	const [{ name }] = LINES
	const { last } = await until('the line may be measured', 60, () => post(school, '/v1/measure', { uplink: name, full }))
	// From here on: what had been asked before is a few packets.
	await school.link.tell('reset')
	const cursor = await until('the measurement ends', 90, async () => {
		const now = await school.api('/v1/measure')
		return !now.runs && now.last > last && now.last
	})
	const line = (await school.link.tell('state')).lines[name]
	const [row] = (await school.api(`/v1/measurements?after=${cursor - 1}&limit=1`)).rows
	if (!row.good || row.truncated === full) throw new Error(`no measurement: ${JSON.stringify(row)}`)
	await sleep(1000) // queues run empty
	return { down: row.down.bps, up: row.up.bps, ms: row.ms, bytes: line.up.bytes + line.down.bytes }
}

export async function measure(school, figures, { rounds, short, step }) {
	const [first] = LINES
	const secret = path.join(school.work, 'echo.secret'), conf = path.join(school.work, 'ndtd.conf')
	fs.writeFileSync(secret, `${'07'.repeat(32)}\n`)
	fs.writeFileSync(conf, `[ndtd]\naddress = ${HUB}\nsecret = ${secret}\nndt-whom = anybody\nndt-per-minute = 1000\n`)
	const hub = school.start(first.letter, [path.join(school.build, 'bin/wasl-ndtd'), '-c', conf], {
		stdio: 'ignore', env: { ...process.env, WASL_ROOT: path.join(school.work, 'ndtd') } })
	// Its rate is the line's, not what a queue of ours lets out: that is learned meanwhile.
	school.configure({ lines: { [first.name]: 'shape = no\n' } })
	await school.setDelays([TRIP_MS / 2, 5, 30])
	const times = short ? 1 : Math.max(3, Math.ceil(rounds / 6))
	let worst = 0, dearest = 0
	for (const rate of RATES) {
		await school.link.tell(`${first.name} rate ${rate * 1000} ${rate * 1000}`)
		await school.freshDaemon()
		const each = []
		for (let i = 0; i < times; i++) {
			const whole = await one(school, true), early = await one(school, false)
			const error = Math.max(Math.abs(early.down / whole.down - 1), Math.abs(early.up / whole.up - 1))
			each.push({ whole, early, error, bytes: early.bytes / whole.bytes })
			step(`${rate} Mbit/s ${i + 1}/${times}: ${(error * 100).toFixed(1)} % off for ${(each.at(-1).bytes * 100).toFixed(1)} % of the bytes`)
		}
		const most = (key) => Number(Math.max(...each.map((e) => e[key])).toFixed(4))
		figures[`measure_${rate}_error_max`] = most('error')
		figures[`measure_${rate}_bytes_ratio_max`] = most('bytes')
		figures[`measure_${rate}_each`] = each
		worst = Math.max(worst, most('error'))
		dearest = Math.max(dearest, most('bytes'))
	}
	figures.measure_error_max = worst
	figures.measure_bytes_ratio_max = dearest
	hub.kill('SIGTERM')
	await school.link.tell(`${first.name} rate ${first.up} ${first.down}`)
}
