// SPDX-License-Identifier: GPL-2.0-or-later
// Ours: a real wasl-contentd with its own origin, and nginx with the module and the box's own configuration, counting on.
import fs from 'node:fs'
import path from 'node:path'

import { Server } from './peers.mjs'
import { fetchBytes, freePort, root, SERVER_CORE, until } from './rig.mjs'

const NGINX_CONF = 'cache/nginx/nginx.conf.in'
const PARTS = 'cache/nginx/conf'
export const FILM = 'bench-film' // a lesson whose segments are put into the store: its mezzanine is nowhere
export const FILM_SEGMENTS = 12

export class Box {
	constructor(rig, name, { under = '', cgroup = null, patience = null } = {}) {
		Object.assign(this, { rig, name, cgroup, patience })
		this.root = rig.dir(under, name)
		this.origin = rig.dir(under, `${name}-origin`)
		this.store = path.join(this.root, 'var/lib/wasl/content/store')
		this.version = 0
		this.files = []
		for (const d of ['etc/wasl', 'run/wasl', 'web']) fs.mkdirSync(path.join(this.root, d), { recursive: true })
	}

	// The ministry publishes one more catalogue: the film, and one document for each file.
	async publish(files = []) {
		this.files.push(...files)
		this.version++
		await this.rig.run(this.rig.tool('content-origin'),
			['files', this.origin, String(this.version), FILM, String(FILM_SEGMENTS), ...this.files])
	}

	async configure(originPort) {
		this.conf = path.join(this.root, 'site.conf')
		await this.rig.run(this.rig.tool('content-origin'), ['root', '1', path.join(this.root, 'etc/wasl/root.1')])
		fs.writeFileSync(this.conf, `[origin]\nurl = http://127.0.0.1:${originPort}\ninterval = 3600\n[kitchen]\nrungs = 360p\nworkers = 1\nbetter_after = 0\n`)
	}

	async startContent() {
		this.content = this.rig.start(`${this.name}-contentd`, path.join(this.rig.build, 'bin/wasl-contentd'), ['-c', this.conf],
			{ core: SERVER_CORE, env: { WASL_ROOT: this.root }, cgroup: this.cgroup })
		await this.rig.up(this.content, 'contentd answers', 20, () => this.ask('/v1/status'))
		if (this.server) this.server.more = [this.content]
	}

	async stopContent() {
		await this.rig.stop(this.content)
	}

	async ask(call, method = 'GET') {
		const got = await fetchBytes(`http://x${call}`, { socketPath: path.join(this.root, 'run/wasl/contentd.sock'), method })
		if (got.status !== 200) throw new Error(`contentd: ${call}: ${got.status} ${got.body}`)
		return JSON.parse(got.body)
	}

	async sync() {
		const got = await this.ask('/v1/sync', 'POST')
		if (got.version !== this.version) throw new Error(`contentd took catalogue ${got.version}, not ${this.version}`)
	}

	// The web server's parts, with one word more: connections from this machine are counted at the door as phones' are, and all
	// clients here have one address.
	parts() {
		const from = path.join(this.rig.house, PARTS), to = path.join(this.root, 'web/parts')
		fs.mkdirSync(to)
		for (const name of fs.readdirSync(from))
			fs.writeFileSync(path.join(to, name), fs.readFileSync(path.join(from, name), 'utf8').replace(/wasl_connections \d+;/, 'wasl_connections 100000 all;'))
		return to
	}

	async startWeb() {
		const port = await freePort()
		const web = path.join(this.root, 'web')
		const conf = path.join(web, 'portal.conf')
		const content = path.join(this.root, 'var/lib/wasl/content')
		const words = {
			LISTEN: '127.0.0.1', PORT: port, NAME: 'madrasa', ROOT: web, USER_LINE: root ? 'user root;' : '', WORKERS: 1,
			MODULE: path.join(this.rig.build, 'lib/ngx_http_wasl_module.so'), STORE: this.store, PORTAL: path.join(content, 'portal'),
			PARTS: this.parts(), WANT_SOCK: path.join(this.root, 'run/wasl/want.sock'), CONTENT_PUBLIC_SOCK: '../run/wasl/content-public.sock',
		}
		let text = fs.readFileSync(path.join(this.rig.house, NGINX_CONF), 'utf8').replace(/^#.*\n/gm, '')
			.replace(/@([A-Z_]+)@/g, (all, word) => words[word] ?? all)
		if (this.patience) text = text.replace(/wasl_want [^;]+;/, `$& wasl_patience ${this.patience};`)
		fs.writeFileSync(conf, text)
		const program = this.rig.start(`${this.name}-nginx`, '/usr/sbin/nginx', ['-c', conf, '-e', `${web}/nginx-error.log`, '-g', 'daemon off;'],
			{ core: SERVER_CORE, cgroup: this.cgroup })
		this.server = new Server(this.name, port, program, { more: [this.content], dirs: ['rend', 'obj'].map((d) => path.join(this.store, d)) })
		await this.rig.up(program, 'our nginx answers', 10, async () => (await fetchBytes(`${this.server.url}/generate_204`)).status === 204)
		return this.server
	}

	// Puts these files into the film's 360p as segments 1, 2, …: then they are hits that count. contentd must not run.
	async stockFilm(files) {
		const generation = await until('the film has a 360p', 10, async () =>
			/(g-[0-9a-f]+)\/360p/.exec((await fetchBytes(`${this.server.url}/m/${FILM}/master.m3u8`)).body)?.[1])
		await this.stopContent()
		await this.rig.run(this.rig.tool('bench-stock'), [this.store, FILM, generation, '360p', String(FILM_SEGMENTS), ...files])
		await this.startContent()
		this.film = `/m/${FILM}/${generation}/360p`
	}

	add(file, at) { // by hand, as a person would
		return this.rig.run(path.join(this.rig.build, 'bin/wasl'), ['store', 'add', file, '--path', at], { env: { WASL_ROOT: this.root } })
	}

	path(file) { // of a document's file
		const name = path.basename(file)
		return `/m/${name}/files/${name}`
	}

	named(file) { // nginx knows its address
		return until(`${file} has an address`, 20, async () =>
			(await fetchBytes(`${this.server.url}${this.path(file)}`, { method: 'HEAD' })).status === 200)
	}

	async whole(file) { // fetched, every byte
		const got = await fetchBytes(`${this.server.url}${this.path(file)}`)
		if (!got.body.equals(fs.readFileSync(file))) throw new Error(`${file}: the box serves something else`)
	}
}

// All that the box's web server is told, in one text.
export function template(rig) {
	const parts = path.join(rig.house, PARTS)
	const files = [path.join(rig.house, NGINX_CONF), ...fs.readdirSync(parts).map((name) => path.join(parts, name))]
	return files.map((f) => fs.readFileSync(f, 'utf8')).join('\n')
}
