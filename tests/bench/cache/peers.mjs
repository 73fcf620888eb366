// SPDX-License-Identifier: GPL-2.0-or-later
// The servers that ours is compared with, set up as their own documentation advises, with the limits of our own configuration.
import fs from 'node:fs'
import path from 'node:path'

import { cpuSeconds, family, fetchBytes, freePort, root, SERVER_CORE } from './rig.mjs'

const NGINX = '/usr/sbin/nginx'
export const VARNISHD = '/usr/sbin/varnishd'

// What a connection costs is decided by these lines: peers get them as our nginx.conf.in has them.
const SAME = ['sendfile', 'sendfile_max_chunk', 'tcp_nopush', 'tcp_nodelay', 'keepalive_timeout', 'keepalive_requests',
	'reset_timedout_connection', 'send_timeout', 'client_header_timeout', 'client_body_timeout', 'output_buffers', 'postpone_output']
export function sameLines(template) {
	const lines = []
	for (const name of SAME) {
		const found = new RegExp(`^\\s*${name}\\s[^;]*;`, 'm').exec(template)
		if (found) lines.push(found[0].trim())
	}
	const connections = /worker_connections\s+(\d+)/.exec(template)
	return { lines, connections: connections ? connections[1] : '2048' }
}

// A server under test: its address, and the processes whose time and memory are its own.
export class Server {
	constructor(name, port, program, { more = [], dirs = [] } = {}) { // more: other processes of its own; dirs: where its bodies are
		Object.assign(this, { name, port, program, more, dirs })
		this.url = `http://127.0.0.1:${port}`
	}

	pids() {
		const all = []
		for (const p of [this.program, ...this.more]) all.push(...family(p.pid))
		return all
	}

	cpu() {
		return cpuSeconds(this.pids())
	}
}

const PARTS = {
	static: ({ files }) => `root ${files};`,
	proxy: ({ origin, dir, lock }) => `
		proxy_pass http://origin;
		proxy_cache c;
		proxy_cache_valid 200 1d;
		proxy_cache_key $uri;
		${lock || ''}
		proxy_http_version 1.1;
		proxy_set_header Connection "";`,
}
const OPEN_FILES = 'open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s; open_file_cache_min_uses 1;'

// nginx as a static server or a cache. kind: static or proxy; openFiles: with open_file_cache; lock: lines of proxy_cache_lock.
export async function nginx(rig, name, { kind, files, origin, openFiles = true, lock = '', same, extra = '', ...how }) {
	const port = await freePort()
	const dir = rig.dir(how.under || '', name)
	const cache = kind === 'proxy' ? `proxy_cache_path ${dir}/cache levels=1:2 keys_zone=c:10m max_size=8g inactive=1d use_temp_path=off;
	upstream origin { server 127.0.0.1:${origin}; keepalive 8; }` : ''
	const conf = path.join(dir, 'nginx.conf')
	fs.writeFileSync(conf, `${root ? 'user root;' : ''}
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log emerg;
events { worker_connections ${same.connections}; }
http {
	access_log off;
	server_tokens off;
	default_type application/octet-stream;
	${same.lines.join('\n\t')}
	client_body_temp_path ${dir}/t1; proxy_temp_path ${dir}/t2; fastcgi_temp_path ${dir}/t3; uwsgi_temp_path ${dir}/t4; scgi_temp_path ${dir}/t5;
	${openFiles ? OPEN_FILES : ''}
	${cache}
	${extra}
	server {
		listen 127.0.0.1:${port} backlog=1024;
		location / { ${PARTS[kind]({ files, origin, dir, lock })} }
	}
}
`)
	const program = rig.start(name, NGINX, ['-c', conf, '-e', `${dir}/error.log`, '-g', 'daemon off;'], { core: SERVER_CORE, cgroup: how.cgroup })
	await rig.up(program, `${name} answers`, 10, async () => (await fetchBytes(`http://127.0.0.1:${port}/`)).status > 0)
	return new Server(name, port, program, { dirs: [kind === 'proxy' ? `${dir}/cache` : files] })
}

// What Varnish would write to its shared-memory log for requests, sessions and fetches.
const VSL = ['Begin', 'End', 'Link', 'Timestamp', 'SessOpen', 'SessClose', 'ReqStart', 'ReqMethod', 'ReqURL', 'ReqProtocol', 'ReqHeader', 'ReqUnset',
	'ReqAcct', 'RespProtocol', 'RespStatus', 'RespReason', 'RespHeader', 'RespUnset', 'BereqMethod', 'BereqURL', 'BereqProtocol', 'BereqHeader',
	'BereqUnset', 'BereqAcct', 'BerespProtocol', 'BerespStatus', 'BerespReason', 'BerespHeader', 'BerespUnset', 'BackendOpen', 'BackendReuse',
	'BackendClose', 'VCL_call', 'VCL_return', 'VCL_use', 'Hit', 'TTL', 'Filters', 'Fetch_Body', 'Length', 'Storage'].map((tag) => `-${tag}`).join(',')

// Varnish with all its objects in memory, its shared-memory log off (everyone's log is), working files in memory as its manual says.
export async function varnish(rig, name, { origin, storage = 'malloc,2g', ...how }) {
	const port = await freePort()
	const dir = rig.dir(how.under || '', name)
	let work = dir
	if (fs.existsSync('/dev/shm')) {
		work = fs.mkdtempSync('/dev/shm/wasl-bench-')
		rig.undo.push(() => fs.rmSync(work, { recursive: true, force: true }))
	}
	fs.writeFileSync(path.join(dir, 'default.vcl'), `vcl 4.1;
backend origin { .host = "127.0.0.1"; .port = "${origin}"; .first_byte_timeout = 600s; .between_bytes_timeout = 600s; }
sub vcl_backend_response { set beresp.ttl = 1d; set beresp.grace = 0s; }
`)
	const program = rig.start(name, VARNISHD, ['-F', '-j', 'none', '-n', work, '-a', `127.0.0.1:${port}`, '-f', path.join(dir, 'default.vcl'),
		'-s', storage, '-T', 'none', '-p', 'http_gzip_support=off', '-p', `vsl_mask=${VSL}`], { core: SERVER_CORE, cgroup: how.cgroup })
	await rig.up(program, `${name} answers`, 20, async () => (await fetchBytes(`http://127.0.0.1:${port}/`)).status > 0)
	return new Server(name, port, program)
}
