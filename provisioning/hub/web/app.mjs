// SPDX-License-Identifier: GPL-2.0-or-later
// Frame, sign-in, address and live updates. One page is on screen at a time; its data is asked again when hubd says that something changed.
import * as api from "./api.mjs";
import { Coverage } from "./coverage.mjs";
import { h } from "./dom.mjs";
import { alarms, boxes, offered } from "./lists.mjs";
import { schoolPage } from "./school.mjs";
import { current, languages, speak, t } from "./words.mjs";

const app = document.getElementById("app");
const short = { ar: "ع", fr: "FR", en: "EN" }; // on a phone
const main = h("main", { id: "main", tabindex: -1 });
let outlines, drawn, following = false;

const pages = [
	{ path: "#/", id: "hub.coverage" },
	{ path: "#/boxes", id: "hub.boxes" },
	{ path: "#/offers", id: "hub.offers" },
	{ path: "#/alerts", id: "hub.alerts" },
];

const lists = {
	"#/boxes": async () => boxes(await api.devices()),
	"#/offers": async () => offered(await api.offers()),
	"#/alerts": async () => alarms(await api.alerts()),
};

function frame(signedIn) {
	const here = location.hash || "#/";
	const at = (page) => (page.path === "#/" ? here === "#/" || here.startsWith("#/school/") : here === page.path);
	const bar = h("header", { class: "bar" },
		h("a", { class: "brand", href: "#/" }, h("img", { src: "/assets/icon.svg", alt: "", width: 28, height: 28 }), h("b", {}, t("common.wasl")), h("span", {}, t("hub.ministry"))),
		signedIn ? h("nav", { "aria-label": t("hub.pages") }, pages.map((page) => h("a", { href: page.path, "aria-current": at(page) ? "page" : undefined }, t(page.id)))) : undefined,
		h("div", { class: "tongues" }, languages.map((lang) => h("button", { type: "button", lang, "aria-pressed": String(lang === current()),
			"aria-label": t(`common.lang.${lang}`), click: async () => { await speak(lang); drawn = undefined; start(); } },
			h("span", { class: "long" }, t(`common.lang.${lang}`)), h("span", { class: "short" }, short[lang]))),
			signedIn ? h("button", { type: "button", class: "quiet", click: () => { api.dropToken(); start(); } }, t("hub.signout")) : undefined));
	app.replaceChildren(h("a", { class: "skip", href: "#main", click: (e) => { e.preventDefault(); main.focus(); } }, t("portal.skip")), bar, main);
}

function signIn(wrong) {
	frame(false);
	const box = h("input", { id: "token", type: "password", autocomplete: "current-password", required: true, dir: "ltr" });
	main.replaceChildren(h("form", { class: "signin card", submit: (e) => { e.preventDefault(); api.keepToken(box.value); start(); } },
		h("h1", {}, t("hub.signin")), h("p", {}, t("hub.signin.how")),
		h("label", { for: "token" }, t("hub.token")), box,
		wrong ? h("p", { class: "wrong", role: "alert" }, t("hub.token.wrong")) : undefined,
		h("button", { class: "main" }, t("hub.signin.go"))));
	box.focus();
}

async function coverage(fresh) {
	const data = await api.schools();
	if (fresh || !(drawn instanceof Coverage)) {
		outlines ??= await (await fetch("/assets/outlines.json")).json();
		drawn = new Coverage(outlines, (one) => { location.hash = `#/school/${encodeURIComponent(one.code)}`; });
		main.replaceChildren(drawn.element);
	}
	drawn.show(data);
}

async function show(fresh) {
	const address = location.hash || "#/";
	const school = /^#\/school\/(.+)$/.exec(address);
	if (!school && !lists[address]) return coverage(fresh);
	const open = new Set([...main.querySelectorAll("details[open]")].map((_, i) => i)); // what was unfolded stays so
	const page = school ? schoolPage(await api.school(decodeURIComponent(school[1]))) : await lists[address]();
	drawn = page;
	main.replaceChildren(page);
	page.querySelectorAll("details").forEach((one, i) => { one.open = !fresh && open.has(i); });
}

async function turn(fresh) {
	try {
		await show(fresh);
	} catch (error) {
		if (error instanceof api.Refused) {
			api.dropToken();
			signIn(true);
		} else if (fresh) {
			main.replaceChildren(h("p", { class: "notice", role: "alert" }, t("hub.failed"), h("small", { dir: "ltr", lang: "en" }, error.message)));
		}
	}
}

async function start() {
	if (!api.takeToken()) return signIn(false);
	frame(true);
	await turn(true);
	if (!following) {
		following = true;
		let waiting;
		api.follow(() => { waiting ??= setTimeout(() => { waiting = undefined; turn(false); }, 500); });
	}
}

addEventListener("hashchange", () => { if (api.takeToken()) { frame(true); turn(true).then(() => scrollTo(0, 0)); } });
await speak();
start();
