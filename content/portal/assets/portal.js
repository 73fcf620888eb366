/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The portal's script: player, resume, and parts of a page that change. ES2015, no modules; every page works without it. */
(function () {
	"use strict";
	var KEY = "wasl.seen";

	/* Storage may be forbidden (portal sheets of phones): then nothing is remembered. */
	function seen() {
		try { return JSON.parse(localStorage.getItem(KEY)) || {}; } catch (e) { return {}; }
	}
	function remember(id, entry) {
		try {
			var all = seen(), ids;
			if (entry) all[id] = entry; else delete all[id];
			ids = Object.keys(all).sort(function (a, b) { return all[b].at - all[a].at; });
			ids.slice(40).forEach(function (old) { delete all[old]; });
			localStorage.setItem(KEY, JSON.stringify(all));
		} catch (e) { /* not remembered */ }
	}
	function clock(s) {
		s = Math.max(0, Math.floor(s || 0));
		var h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60, two = function (n) { return (n < 10 ? "0" : "") + n; };
		return h ? h + ":" + two(m) + ":" + two(s % 60) : m + ":" + two(s % 60);
	}
	function make(tag, name, parent) {
		var e = document.createElement(tag);
		if (name) e.className = name;
		if (parent) parent.appendChild(e);
		return e;
	}

	/* --- what was begun ------------------------------------------------------------------------- */
	function showBegun() {
		var box = document.getElementById("continue");
		if (!box) return;
		var all = seen(), list = box.querySelector("ul");
		Object.keys(all).filter(function (id) { return /^[a-z0-9-]+$/.test(id) && all[id].d > 0; })
			.sort(function (a, b) { return all[b].at - all[a].at; }).slice(0, 3).forEach(function (id) {
				var one = all[id], link = make("a", "", make("li", "card", list)), thumb = make("span", "thumb", link);
				link.href = "/l/" + id;
				if (one.p) { var img = make("img", "", thumb); img.alt = ""; img.src = "/m/" + id + "/poster.jpg"; }
				make("i", "", make("span", "seen", thumb)).style.width = Math.min(100, one.t / one.d * 100) + "%";
				var what = make("span", "what", link), b = make("b", "", what), small = make("small", "", what);
				b.dir = "auto"; b.textContent = one.n; small.dir = "ltr"; small.textContent = clock(one.t) + " / " + clock(one.d);
				small.style.textAlign = document.dir === "rtl" ? "right" : "left";
			});
		box.hidden = !list.firstChild;
	}

	/* --- parts that change ---------------------------------------------------------------------- */
	/* Pages are written anew when something changes: fetch this page again and swap its live parts. */
	function keepFresh() {
		if (!document.querySelector("[data-live]") || !window.fetch || !window.DOMParser) return;
		setInterval(function () {
			if (document.hidden) return;
			fetch(location.href, { credentials: "same-origin" }).then(function (r) { return r.ok ? r.text() : ""; }).then(function (text) {
				if (!text) return;
				var now = new DOMParser().parseFromString(text, "text/html");
				Array.prototype.forEach.call(document.querySelectorAll("[data-live]"), function (part) {
					var fresh = now.querySelector('[data-live="' + part.getAttribute("data-live") + '"]');
					if (fresh && fresh.innerHTML !== part.innerHTML) { part.innerHTML = fresh.innerHTML; part.className = fresh.className; }
				});
			}).catch(function () { /* the next turn tries again */ });
		}, 15000);
	}

	/* hls.js where the browser has media sources (its sound and captions are ours to choose), else HLS of the browser, else MP4. */
	function loadHls(v, then) {
		if (window.Hls) return then();
		var s = document.createElement("script");
		s.src = "/assets/hls.min.js?v=" + v;
		s.onload = then;
		s.onerror = then;
		document.head.appendChild(s);
	}
	function goFull(box, video) {
		var d = document, open = d.fullscreenElement || d.webkitFullscreenElement;
		if (open) (d.exitFullscreen || d.webkitExitFullscreen).call(d);
		else if (box.requestFullscreen || box.webkitRequestFullscreen) (box.requestFullscreen || box.webkitRequestFullscreen).call(box);
		else if (video.webkitEnterFullscreen) video.webkitEnterFullscreen();
	}

	/* --- small pictures and chapters ------------------------------------------------------------- */
	/* WebVTT as the box writes it: [{from, to, text}]. What cannot be had is an empty list. */
	function cues(url, then) {
		if (!url || !window.fetch) return;
		fetch(url, { credentials: "same-origin" }).then(function (r) { return r.ok ? r.text() : ""; }).then(function (text) {
			var list = [], seconds = function (t) { return t.split(":").reduce(function (sum, part) { return sum * 60 + +part; }, 0); };
			text.split(/\n\n+/).forEach(function (block) {
				var m = /^([\d:.]+) --> ([\d:.]+)\n(.*)$/.exec(block.trim());
				if (m) list.push({ from: seconds(m[1]), to: seconds(m[2]), text: m[3] });
			});
			then(list);
		}).catch(function () { /* the lesson plays without */ });
	}
	function cueAt(list, t) { return list.filter(function (c) { return t >= c.from && t < c.to; })[0] || list[list.length - 1]; }
	/* A tile of a sheet: "GEN/sprite-1.jpg#xywh=160,0,160,90". */
	function showTile(e, folder, cue) {
		var m = cue && /^([\w\/.-]+)#xywh=(\d+),(\d+),(\d+),(\d+)$/.exec(cue.text);
		if (!m) return;
		e.style.width = m[4] + "px";
		e.style.height = m[5] + "px";
		e.style.backgroundImage = 'url("' + folder + m[1] + '")';
		e.style.backgroundPosition = "-" + m[2] + "px -" + m[3] + "px";
	}
	function peekAt(box, seek, whole) {
		var url = box.dataset.preview, folder = url && url.replace(/[^\/]*$/, ""), peek = box.querySelector(".peek"), tiles = null, asked = false, last = -1;
		if (!peek) return;
		function show(t) {
			last = t;
			/* A finger that rests where it came down is shown something, too, once there is something. */
			if (!asked) { asked = true; cues(url, function (list) { tiles = list; if (last >= 0) show(last); }); }
			if (!tiles || !tiles.length) return;
			var part = Math.max(0, Math.min(1, t / (whole() || 1))), room;
			showTile(peek.firstElementChild, folder, cueAt(tiles, t));
			peek.lastElementChild.textContent = clock(t);
			peek.hidden = false;
			room = box.clientWidth - peek.offsetWidth - 16;
			if (document.dir === "rtl") part = 1 - part;
			peek.style.left = 8 + Math.max(0, Math.min(room, part * seek.clientWidth + seek.offsetLeft - 8 - peek.offsetWidth / 2)) + "px";
		}
		function hide() { last = -1; peek.hidden = true; }
		seek.addEventListener("input", function () { show(+seek.value); });
		seek.addEventListener("mousemove", function (e) {
			var r = seek.getBoundingClientRect(), part = (e.clientX - r.left) / (r.width || 1);
			show((document.dir === "rtl" ? 1 - part : part) * whole());
		});
		["change", "mouseleave", "blur", "touchend"].forEach(function (e) { seek.addEventListener(e, hide); });
	}
	function listChapters(box, go) {
		var url = box.dataset.chapters, tiles = box.dataset.preview, part = document.getElementById("chapters"), folder = url && url.replace(/[^\/]*$/, "");
		if (!url || !part) return;
		cues(tiles, function (pictures) {
			cues(url, function (list) {
				list.forEach(function (c) {
					var b = make("button", "", make("li", "", part.lastElementChild)), i = make("i", "", b), n = make("b", "", b), t = make("small", "", b);
					showTile(i, folder, cueAt(pictures, c.from));
					n.textContent = c.text; t.textContent = clock(c.from); t.dir = "ltr";
					b.onclick = function () { go(c.from); };
				});
				part.hidden = !list.length;
			});
		});
	}

	/* --- player --------------------------------------------------------------------------------- */
	function player(box) {
		var video = box.querySelector("video"), data = box.dataset, find = function (s) { return box.querySelector(s); };
		var bar = find(".bar"), big = find(".big"), seek = find(".seek"), note = find(".note"), now = find(".now");
		var choices = document.getElementById("choices"), pick = function (id) { return document.getElementById(id); };
		var hls = null, attached = false, soundOnly = false, scrubbing = false, quietTimer = 0, savedAt = 0, retries = 0;
		var duration = function () { return isFinite(video.duration) && video.duration > 0 ? video.duration : +data.duration; };

		function say(what) {
			note.textContent = "";
			note.hidden = !what;
			if (what) make("span", "", note).textContent = data[what] || note.dataset[what];
		}
		function paint() {
			var at = video.currentTime, whole = duration() || 1;
			if (!scrubbing) seek.value = at;
			seek.max = Math.ceil(whole);
			seek.style.setProperty("--at", Math.min(100, (scrubbing ? +seek.value : at) / whole * 100) + "%");
			seek.setAttribute("aria-valuetext", clock(scrubbing ? +seek.value : at));
			now.textContent = clock(scrubbing ? +seek.value : at);
		}
		function save(force) {
			var at = Date.now(), t = video.currentTime, d = duration();
			if (!attached || t < 3 || (!force && at - savedAt < 5000)) return;
			savedAt = at;
			remember(data.id, t > d - 10 ? null : { t: Math.floor(t), d: Math.floor(d), n: data.title, at: at, p: data.poster ? 1 : 0 });
		}

		function startHls(url, at) {
			if (hls) hls.destroy();
			hls = new window.Hls({
				testBandwidth: false, /* a segment fetched to measure the air is one that the box has to make twice */
				startPosition: at, maxBufferLength: 30, backBufferLength: 60, capLevelToPlayerSize: true,
				manifestLoadingMaxRetry: 6, levelLoadingMaxRetry: 6, fragLoadingMaxRetry: 20, fragLoadingTimeOut: 60000,
				subtitleStreamController: undefined, subtitleTrackController: undefined, timelineController: undefined
			});
			hls.on(window.Hls.Events.MANIFEST_PARSED, listLevels);
			hls.on(window.Hls.Events.ERROR, function (e, d) {
				if (!d.fatal) return;
				say("failed");
				if (d.type === "mediaError" && retries < 3) { retries++; hls.recoverMediaError(); return; }
				setTimeout(function () { if (hls) startHls(url, video.currentTime); }, Math.min(30000, 2000 * Math.pow(2, retries++)));
			});
			hls.loadSource(url);
			hls.attachMedia(video);
			if (attached) play();
		}
		function listLevels() {
			var menu = pick("quality"), keep = menu.value;
			while (menu.options.length > 1) menu.remove(1);
			if (!soundOnly && hls.levels.length > 1)
				hls.levels.map(function (l, i) { return [Math.min(l.height, l.width), i]; }).sort(function (a, b) { return a[0] - b[0]; })
					.forEach(function (l) { var o = make("option", "", menu); o.value = l[1]; o.textContent = l[0] + "p"; o.dir = "ltr"; });
			menu.value = keep; if (menu.selectedIndex < 0) menu.value = "-1";
			hls.nextLevel = +menu.value;
			menu.parentNode.hidden = menu.options.length < 2;
		}
		function attach(then, at) {
			if (attached) return then();
			attached = true;
			var from = at >= 0 ? at : (seen()[data.id] || {}).t || 0;
			loadHls(data.v, function () {
				if (window.Hls && window.Hls.isSupported()) {
					video.removeAttribute("src");
					Array.prototype.forEach.call(video.querySelectorAll("source"), function (s) { s.remove(); });
					startHls(soundOnly ? data.sound : data.hls, from || -1);
				} else {
					pick("quality").parentNode.hidden = true;
					pick("sound").parentNode.hidden = true;
					video.load();
					if (from) video.addEventListener("loadedmetadata", function once() { video.removeEventListener("loadedmetadata", once); video.currentTime = from; });
				}
				then();
			});
		}
		function play() {
			attach(function () { var p = video.play(); if (p && p.catch) p.catch(function () { /* a tap is needed */ }); });
		}
		function toggle() { if (video.paused) play(); else video.pause(); }
		function jump(s) { attach(function () { video.currentTime = Math.max(0, Math.min(duration() - 0.5, video.currentTime + s)); paint(); }); }
		function wake() {
			box.classList.remove("quiet");
			clearTimeout(quietTimer);
			quietTimer = setTimeout(function () { if (!video.paused && !scrubbing) box.classList.add("quiet"); }, 3000);
		}

		video.controls = false;
		bar.hidden = big.hidden = choices.hidden = false;
		pick("quality").parentNode.hidden = true;
		pick("sound").parentNode.hidden = !data.sound || box.classList.contains("sound");
		pick("captions").parentNode.hidden = pick("captions").options.length < 2;

		peekAt(box, seek, duration);
		listChapters(box, function (t) {
			if (attached) video.currentTime = t;
			attach(play, t);
		});
		big.onclick = play;
		video.onclick = function () { if (box.classList.contains("quiet")) wake(); else toggle(); };
		find(".play").onclick = toggle;
		find(".back").onclick = function () { jump(-10); };
		find(".forward").onclick = function () { jump(10); };
		find(".mute").onclick = function () { video.muted = !video.muted; };
		find(".full").onclick = function () { goFull(box, video); };
		seek.oninput = function () { scrubbing = true; paint(); };
		seek.onchange = function () { var to = +seek.value; attach(function () { video.currentTime = to; scrubbing = false; paint(); }); };
		pick("speed").onchange = function () { video.playbackRate = +this.value; };
		pick("quality").onchange = function () { if (hls) hls.nextLevel = +this.value; };
		pick("captions").onchange = function () {
			var lang = this.value;
			Array.prototype.forEach.call(video.textTracks, function (t) { t.mode = lang && t.language === lang ? "showing" : "disabled"; });
		};
		pick("sound").onchange = function () {
			soundOnly = this.checked;
			if (hls) startHls(soundOnly ? data.sound : data.hls, video.currentTime);
		};

		["mousemove", "touchstart", "keydown", "focusin"].forEach(function (e) { box.addEventListener(e, wake, { passive: true }); });
		box.addEventListener("keydown", function (e) {
			var forward = document.dir === "rtl" ? "ArrowLeft" : "ArrowRight", back = document.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
			if (e.target === seek) return;
			if (e.key === forward) jump(10);
			else if (e.key === back) jump(-10);
			else if (e.key === " " && e.target.tagName !== "BUTTON") toggle();
			else return;
			e.preventDefault();
		});
		video.addEventListener("play", function () { box.classList.add("playing"); find(".play").setAttribute("aria-label", find(".play").dataset.pause); wake(); });
		video.addEventListener("pause", function () { box.classList.remove("playing"); find(".play").setAttribute("aria-label", find(".play").dataset.play); box.classList.remove("quiet"); save(true); });
		video.addEventListener("ended", function () { save(true); });
		video.addEventListener("timeupdate", function () { paint(); save(false); });
		video.addEventListener("waiting", function () { say("wait"); });
		video.addEventListener("playing", function () { say(""); retries = 0; video.playbackRate = +pick("speed").value; });
		video.addEventListener("seeked", function () { if (video.readyState > 2) say(""); });
		video.addEventListener("volumechange", function () {
			var m = find(".mute");
			box.classList.toggle("muted", video.muted);
			m.setAttribute("aria-label", video.muted ? m.dataset.unmute : m.dataset.mute);
		});
		video.addEventListener("error", function () { if (!hls && attached) say("cannot"); });
		window.addEventListener("pagehide", function () { save(true); });
		window.addEventListener("load", function () { setTimeout(function () { loadHls(data.v, function () {}); }, 300); });
		var from = (seen()[data.id] || {}).t;
		if (from) { seek.value = from; now.textContent = clock(from); seek.style.setProperty("--at", from / (+data.duration || 1) * 100 + "%"); }
	}

	/* --- live class ----------------------------------------------------------------------------- */
	/* The box says what the class is doing (state.json); one stream for all, with its picture or, on a slow line, sound alone. */
	function liveClass(box) {
		var video = box.querySelector("video"), data = box.dataset, find = function (s) { return box.querySelector(s); };
		var air = document.getElementById("air"), card = find(".card-text"), note = find(".note"), sound = document.getElementById("sound");
		var choices = document.getElementById("choices"), folder = "/live/" + data.id + "/", hls = null, wished = false, url = "", state = {}, tries = 0;
		var quietTimer = 0, again = 0;

		/* A class that is over plays to its end. */
		function on() { return state.state === "live" || state.state === "stale" || (state.state === "over" && !!url && !video.ended && !video.paused); }
		function paint() {
			var what = state.state === "live" && soundOnly() && !sound.checked ? "sound" : state.state === "idle" || !state.state ? "looking" : state.state;
			var text = air.getAttribute(what === "live" ? "data-live-text" : "data-" + what) || "";
			box.setAttribute("data-state", state.state || "looking");
			air.className = "air " + what;
			air.lastElementChild.textContent = text;
			/* The card stands where there is no picture. */
			card.hidden = on() ? !(wished && soundOnly()) : !wished && state.state !== "off" && state.state !== "over";
			card.lastElementChild.textContent = what === "live" ? "" : text;
			air.hidden = !card.hidden && what !== "live"; /* said once */
			choices.hidden = !(state.sound && on());
			find(".big").hidden = wished || !on();
			find(".bar").hidden = !on();
		}
		function soundOnly() { return state.mode === "sound" || (sound.checked && state.sound); }
		function stop() {
			if (hls) { hls.destroy(); hls = null; } else if (url) { video.removeAttribute("src"); video.load(); }
			url = "";
		}
		function edge() {
			var at = hls && hls.liveSyncPosition ? hls.liveSyncPosition : video.seekable.length ? video.seekable.end(video.seekable.length - 1) - 3 : 0;
			return at > 0 ? at : 0;
		}
		function start() {
			var to = folder + (soundOnly() ? "sound.m3u8" : "master.m3u8") + "?s=" + state.session;
			if (to === url) return;
			stop();
			url = to;
			loadHls(data.v, function () {
				if (url !== to) return;
				Array.prototype.forEach.call(video.querySelectorAll("source"), function (s) { s.remove(); });
				if (window.Hls && window.Hls.isSupported()) {
					video.removeAttribute("src");
					hls = new window.Hls({
						liveSyncDurationCount: 3, liveMaxLatencyDurationCount: 12, maxBufferLength: 20, backBufferLength: 20,
						manifestLoadingTimeOut: 30000, levelLoadingTimeOut: 30000, manifestLoadingMaxRetry: 6, levelLoadingMaxRetry: 12, fragLoadingMaxRetry: 6,
						subtitleStreamController: undefined, subtitleTrackController: undefined, timelineController: undefined
					});
					hls.on(window.Hls.Events.ERROR, function (e, d) {
						if (!d.fatal) return;
						if (d.type === "mediaError" && tries++ < 3) { hls.recoverMediaError(); return; }
						stop();
						clearTimeout(again);
						again = setTimeout(ask, Math.min(15000, 1000 * Math.pow(2, tries++)));
					});
					hls.loadSource(to);
					hls.attachMedia(video);
				} else {
					video.src = to;
				}
				var p = video.play();
				if (p && p.catch) p.catch(function () { /* a tap is needed */ });
			});
		}
		function take(now) {
			var session = state.session;
			state = now;
			paint();
			if (!on()) stop();
			else if (wished && (!url || session !== now.session || url.indexOf(soundOnly() ? "sound" : "master") < 0)) start();
		}
		function ask() {
			fetch(folder + "state.json", { credentials: "same-origin" }).then(function (r) { return r.ok ? r.json() : null; })
				.then(function (now) { if (now) take(now); }).catch(function () { /* the next turn asks again */ });
		}
		function play() {
			wished = true;
			paint();
			if (on() && !url) start();
			else { if (video.paused && edge()) video.currentTime = edge(); var p = video.play(); if (p && p.catch) p.catch(function () {}); }
		}
		function toggle() { if (video.paused) play(); else { video.pause(); } }
		function wake() {
			box.classList.remove("quiet");
			clearTimeout(quietTimer);
			quietTimer = setTimeout(function () { if (!video.paused && !soundOnly()) box.classList.add("quiet"); }, 3000);
		}

		video.controls = false;
		find(".big").onclick = play;
		video.onclick = function () { if (box.classList.contains("quiet")) wake(); else toggle(); };
		find(".play").onclick = toggle;
		find(".mute").onclick = function () { video.muted = !video.muted; };
		find(".full").onclick = function () { goFull(box, video); };
		find(".edge").onclick = function () { video.currentTime = edge(); this.hidden = true; };
		sound.onchange = function () { paint(); if (wished && on()) start(); };
		["mousemove", "touchstart", "keydown", "focusin"].forEach(function (e) { box.addEventListener(e, wake, { passive: true }); });
		video.addEventListener("play", function () { box.classList.add("playing"); find(".play").setAttribute("aria-label", find(".play").dataset.pause); wake(); });
		video.addEventListener("pause", function () { box.classList.remove("playing"); find(".play").setAttribute("aria-label", find(".play").dataset.play); box.classList.remove("quiet"); });
		video.addEventListener("waiting", function () { note.hidden = false; note.textContent = ""; make("span", "", note).textContent = note.dataset.wait; });
		video.addEventListener("playing", function () { note.hidden = true; tries = 0; });
		video.addEventListener("ended", function () { take(state); });
		video.addEventListener("timeupdate", function () { find(".edge").hidden = !(edge() - video.currentTime > 15); });
		video.addEventListener("volumechange", function () {
			var m = find(".mute");
			box.classList.toggle("muted", video.muted);
			m.setAttribute("aria-label", video.muted ? m.dataset.unmute : m.dataset.mute);
		});
		ask();
		setInterval(function () { if (!document.hidden || !video.paused) ask(); }, 5000);
		paint();
	}

	showBegun();
	keepFresh();
	Array.prototype.forEach.call(document.querySelectorAll(".player"), function (box) { (box.classList.contains("class") ? liveClass : player)(box); });
})();
