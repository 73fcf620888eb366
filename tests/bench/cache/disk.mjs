// SPDX-License-Identifier: GPL-2.0-or-later
// A slow disk: 40 players read 40 lessons that are not in memory, from a disk held to 20 MB/s; meanwhile hits that are in memory are timed.
// The disk is a loop device with ext4 whose reads the kernel holds (blkio or io controller), for all servers alike: needs root.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

import { Box } from './box.mjs'
import { nginx } from './peers.mjs'
import { filesBelow, forget, root, say, sleep } from './rig.mjs'
import { median, ratios } from './stats.mjs'

const SPEED = 20e6 // bytes a second
const PLAYERS = 40
const PIECE = 500000 // what a player asks at once
const RATE = 300 // hits a second
// A server may believe for a moment that what it saw in memory is still there: what is put out by force is asked for after that.
const FORGOTTEN_MS = 3000
const sh = (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString().trim()

// A cgroup whose reads of this device are held; null when the kernel offers none.
function hold(rig, device) {
	const numbers = sh('lsblk', '-dno', 'MAJ:MIN', device).trim()
	const v1 = '/sys/fs/cgroup/blkio'
	const v2 = fs.existsSync('/sys/fs/cgroup/cgroup.controllers') ? '/sys/fs/cgroup' : null
	const name = `wasl-bench-${process.pid}`
	const limit = (dir, file, line) => {
		fs.mkdirSync(dir)
		rig.undo.push(() => fs.rmdirSync(dir))
		fs.writeFileSync(path.join(dir, file), line)
		return dir
	}
	if (fs.existsSync(`${v1}/blkio.throttle.read_bps_device`)) return limit(`${v1}/${name}`, 'blkio.throttle.read_bps_device', `${numbers} ${SPEED}`)
	if (v2 && fs.readFileSync(`${v2}/cgroup.controllers`, 'utf8').includes('io')) {
		fs.writeFileSync(`${v2}/cgroup.subtree_control`, '+io')
		return limit(`${v2}/${name}`, 'io.max', `${numbers} rbps=${SPEED}`)
	}
	return null
}

function makeDisk(rig, bytes) {
	const image = path.join(rig.top, 'disk.img')
	const at = rig.dir('disk')
	sh('truncate', '-s', String(bytes), image)
	sh('mkfs.ext4', '-q', '-F', '-m', '0', image)
	const device = sh('losetup', '--find', '--show', image)
	rig.undo.push(() => sh('losetup', '-d', device))
	// The kernel's own default: what a machine's distributor chose for its disks says nothing of a school's.
	fs.writeFileSync(`/sys/block/${path.basename(device)}/queue/read_ahead_kb`, '128')
	sh('mount', '-o', 'noatime', device, at)
	rig.undo.push(() => sh('umount', at))
	return { at, device }
}

export async function run(scene) {
	const { rig, same } = scene
	if (!root) return void (scene.skipped.disk = 'holding a disk to 20 MB/s needs root')
	const lessonBytes = scene.short ? 3e6 : 6e6
	const seconds = scene.short ? 1 : 2.5
	let disk, group
	try {
		disk = makeDisk(rig, PLAYERS * lessonBytes * 3 + 512e6)
		group = hold(rig, disk.device)
	} catch (e) {
		return void (scene.skipped.disk = `no disk of one's own can be made here: ${e.message.split('\n')[0]}`)
	}
	if (!group) return void (scene.skipped.disk = 'this kernel has no way to hold a disk (blkio or io controller)')

	const files = path.join(disk.at, 'files')
	fs.mkdirSync(files)
	const lessons = []
	for (let i = 0; i < PLAYERS; i++) lessons.push(await scene.file(files, `lesson-${i}`, lessonBytes))
	const hot = await scene.file(files, 'hot', 512000)
	const box = new Box(rig, 'ours', { under: 'disk', cgroup: group })
	const line = await scene.line('disk-line', box.origin)
	await box.publish(lessons)
	await box.configure(line.port)
	await box.startContent()
	await box.sync()
	await box.startWeb()
	await box.stockFilm([hot])
	for (const f of lessons) await box.whole(f)
	const plain = (name, server) => ({ name, server, hot: '/hot', at: (f) => `/${path.basename(f)}` })
	const list = [
		{ name: 'ours', server: box.server, hot: `${box.film}/1.m4s`, at: (f) => box.path(f) },
		plain('static', await nginx(rig, 'disk-static', { kind: 'static', files, same, cgroup: group })),
		plain('static_threads', await nginx(rig, 'disk-threads', { kind: 'static', files, same, cgroup: group, extra: 'aio threads;' })),
	]
	// What is hit is in memory, whatever this kernel does with pages that it takes for idle (DAMON takes some of a file that is sent
	// 300 times a second).
	const hits = [hot, ...filesBelow(path.join(box.store, 'rend')).filter((f) => f.endsWith('.mp4'))]
	const kept = rig.start('keep', rig.tool('bench-client'), ['keep', ...hits], { input: 'pipe' })
	await new Promise((done, fail) => {
		kept.child.stdout.once('data', done)
		kept.done.then((e) => fail(new Error(`files cannot be kept in memory (${JSON.stringify(e)}); see keep.log`)))
	})
	// What players compare with must not be what servers read: a copy elsewhere.
	const truth = rig.dir('disk-truth')
	for (const f of lessons) fs.copyFileSync(f, path.join(truth, path.basename(f)))
	const seen = {}, touched = {}, began = performance.now()
	// In turn, so that ours rests while a peer is asked. Each is compared with itself: no order could favour it.
	for (let round = 0; round < (scene.short ? 2 : 15); round++)
		for (const s of [list[0], list[1 + round % 2]]) {
			const listFile = path.join(rig.top, `players-${s.name}`)
			fs.writeFileSync(listFile, lessons.map((f) => `${s.at(f)} ${path.join(truth, path.basename(f))}\n`).join(''))
			forget([...lessons, ...filesBelow(path.join(box.store, 'obj')).filter((f) => !path.basename(f).includes('.'))]) // bodies
			const ask = (t) => scene.client(['load', s.server.port, s.hot, 8, t, RATE], 60)
			await ask(0.2)
			const idle = await ask(seconds)
			if (!scene.short) await sleep((touched[s.name] ?? began) + FORGOTTEN_MS - performance.now())
			const players = scene.client(['players', s.server.port, listFile, seconds + 1, PIECE], 60)
			await sleep(500)
			const busy = await ask(seconds)
			const played = await players
			touched[s.name] = performance.now()
			if (played.wrong) throw new Error(`${s.name}: players got ${played.wrong} wrong pieces`);
			(seen[s.name] ??= []).push({ idle, busy, played, speed: played.bytes / played.ms * 1000 })
		}
	for (const [name, rows] of Object.entries(seen)) {
		const row = {
			idle_p99_ms: median(rows.map((r) => r.idle.ms.p99)), busy_p99_ms: median(rows.map((r) => r.busy.ms.p99)),
			busy_max_ms: median(rows.map((r) => r.busy.ms.p100)), disk_bytes_per_s: median(rows.map((r) => r.speed)),
			players_served: median(rows.map((r) => r.played.served)), player_errors: median(rows.map((r) => r.played.errors)),
		}
		scene.peers[`disk_${name}`] = row
		say(`  ${name}: hits p99 idle ${row.idle_p99_ms.toFixed(2)} ms, beside the players ${row.busy_p99_ms.toFixed(2)} ms (longest ${row.busy_max_ms.toFixed(0)}); ` +
			`players got ${(row.disk_bytes_per_s / 1e6).toFixed(1)} MB/s, ${row.players_served} of ${PLAYERS} at least one piece`)
	}
	scene.note('disk_p99_vs_idle', ratios(seen.ours.map((r) => r.busy.ms.p99), seen.ours.map((r) => r.idle.ms.p99)))
	await rig.strike()
}
