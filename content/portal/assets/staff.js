/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Teachers' pages: a film goes up in pieces, and goes on after a locked screen, a lost network, a box that restarted. ES2015. */
(function () {
	"use strict";
	var LEAST_WAIT = 1000, MOST_WAIT = 20000;

	function field(form, name) { return form.elements[name] ? form.elements[name].value : ""; }
	/* Text of another than JSON (the web server's own words) counts as no answer. */
	function ask(method, path, mark, body, offset) {
		var headers = { "X-Staff-Token": mark };
		if (offset !== undefined) headers["Upload-Offset"] = String(offset);
		if (typeof body === "string") headers["Content-Type"] = "application/json";
		return fetch(path, { method: method, headers: headers, body: body, credentials: "same-origin", redirect: "error" }).then(function (r) {
			return r.json().then(function (json) { return { status: r.status, json: json }; });
		});
	}

	/* --- a film --------------------------------------------------------------------------------- */
	function sender(form) {
		var box = form.querySelector(".sending"), bar = box.querySelector("progress"), words = box.querySelector("p");
		var wait = LEAST_WAIT, timer, wake, busy = false;

		function say(text) { box.hidden = false; if (words.textContent !== text) words.textContent = text; }
		function show(offset, size) {
			bar.value = Math.floor(offset / size * 1000);
			say(form.getAttribute("data-going").replace("{n}", Math.floor(offset / size * 100)));
		}
		function stop(text) {
			busy = false;
			form.querySelector("button").disabled = false;
			say(text);
		}
		/* Again after a while, or as soon as the page is looked at or the network is back. */
		function later(then, words) {
			say(words || form.getAttribute("data-again"));
			wake = function () { clearTimeout(timer); wake = null; then(); };
			timer = setTimeout(wake, wait);
			wait = Math.min(wait * 2, MOST_WAIT);
		}
		document.addEventListener("visibilitychange", function () { if (!document.hidden && wake) wake(); });
		window.addEventListener("online", function () { if (wake) wake(); });

		/* The box has no room: that is said, and tried again, as room may be made. */
		function why(answer) { return answer.status === 507 ? answer.json.words : ""; }
		/* Answers that another try does not change. */
		function final(status) { return status >= 400 && status < 500 && status !== 409 && status !== 429 && status !== 408; }
		function ended(answer) {
			stop(answer.status === 401 ? form.getAttribute("data-login") : answer.json.words || answer.json.text);
		}
		function where(file, id) {
			ask("GET", "/staff/upload/" + id, form.getAttribute("data-mark")).then(function (a) {
				if (a.status === 200) { wait = LEAST_WAIT; piece(file, id, a.json.offset, a.json); }
				else if (final(a.status)) ended(a);
				else later(function () { where(file, id); }, why(a));
			}).catch(function () { later(function () { where(file, id); }); });
		}
		function piece(file, id, offset, last) {
			if (last.state !== "coming") {
				bar.value = 1000;
				stop(form.getAttribute("data-done"));
				location.assign("/staff/?said=added");
				return;
			}
			show(offset, file.size);
			/* A piece that a slow network carries in some seconds; what breaks is sent again. */
			var bytes = file.slice(offset, Math.min(offset + Math.min(last.piece, 1 << 20), file.size));
			ask("PATCH", "/staff/upload/" + id, form.getAttribute("data-mark"), bytes, offset).then(function (a) {
				if (a.status === 200 || a.status === 409) { wait = LEAST_WAIT; piece(file, id, a.json.offset, a.json); }
				else if (final(a.status)) ended(a);
				else later(function () { where(file, id); }, why(a));
			}).catch(function () { later(function () { where(file, id); }); });
		}
		function begin(file) {
			var language = field(form, "language"), asked = { file: (file.name + " " + (file.lastModified || 0)).slice(-100), size: file.size,
				subject: field(form, "subject"), grade: field(form, "grade"), language: language };
			asked["title_" + (/^(fr|en)$/.test(language) ? language : "ar")] = field(form, "title");
			ask("POST", "/staff/upload", form.getAttribute("data-mark"), JSON.stringify(asked)).then(function (a) {
				if (a.status === 201) { wait = LEAST_WAIT; piece(file, a.json.id, a.json.offset, a.json); }
				else if (final(a.status) || a.status === 507) ended(a);
				else later(function () { begin(file); });
			}).catch(function () { later(function () { begin(file); }); });
		}
		form.addEventListener("submit", function (event) {
			var file = form.querySelector("input[type=file]").files[0];
			event.preventDefault();
			if (busy || !file) return;
			if (!field(form, "title").trim()) { say(form.getAttribute("data-title")); return; }
			if (file.size > Number(form.getAttribute("data-most"))) { say(form.getAttribute("data-large")); return; }
			busy = true;
			form.querySelector("button").disabled = true;
			show(0, file.size || 1);
			begin(file);
		});
		window.addEventListener("beforeunload", function (event) { if (busy) { event.preventDefault(); event.returnValue = ""; } });
	}

	/* --- captions ------------------------------------------------------------------------------- */
	function captions(form) {
		var words = form.querySelector("p"), file = form.querySelector("input[type=file]");
		function say(text) { words.textContent = text; words.hidden = false; }
		form.addEventListener("submit", function (event) {
			event.preventDefault();
			if (!file.files[0]) return;
			words.hidden = true;
			if (file.files[0].size > Number(form.getAttribute("data-most"))) { say(form.getAttribute("data-large")); return; }
			ask("POST", "/staff/captions/" + form.getAttribute("data-id") + "?of=" + encodeURIComponent(form.querySelector("select").value),
				form.getAttribute("data-mark"), file.files[0]).then(function (a) {
				if (a.status === 200) { location.assign(location.pathname + "?said=captions"); return; }
				say(a.json.words || a.json.text);
			}).catch(function () { say(form.getAttribute("data-again")); });
		});
	}

	/* The browser's own words for "no file" are in its language, not in the page's. */
	Array.prototype.forEach.call(document.querySelectorAll(".pick input"), function (input) {
		input.addEventListener("change", function () {
			input.parentNode.querySelector(".picked").textContent = input.files[0] ? input.files[0].name : "";
		});
	});
	var send = document.getElementById("send"), texts = document.getElementById("captions-form");
	if (send && window.fetch && window.Blob) sender(send);
	if (texts && window.fetch) captions(texts);
}());
