// The technician's page: notifications on this device, open escalations, devices. No library, no Desk.
(() => {
	const given = JSON.parse(document.getElementById("given").textContent);
	const words = given.words;
	const REFRESH = 30000; // milliseconds
	const $ = (id) => document.getElementById(id);
	const say = (text, ...parts) => parts.reduce((said, part, i) => said.replace(`{${i}}`, part), text);

	let key = ""; // the server's public key
	let registration = null;
	let mine = ""; // hash of this browser's endpoint: which of the devices is this one
	let drawn = ""; // the escalations that are shown
	let known = []; // the user's devices, as the server has them

	// --- the server

	// What is told to the person as it stands; any other error is a program's, and stays in the console.
	class InWords extends Error {}

	async function call(method, data = {}) {
		const answer = await fetch(`/api/method/escalation_mgmt.web.technician.${method}`, {
			method: "POST",
			headers: {
				"Content-Type": "application/json",
				Accept: "application/json",
				"X-Frappe-CSRF-Token": given.csrf_token,
			},
			body: JSON.stringify(data),
		}).catch(() => null);
		if (!answer) throw new InWords(words.unreachable);
		const body = await answer.json().catch(() => null);
		if (answer.ok && body) return body.message;
		const error = new InWords(refused(answer.status, body || {}));
		error.logged_out = error.message === words.logged_out;
		throw error;
	}

	// By the status where the server has no words of its own for people: those of a fault are for programmers.
	function refused(status, body) {
		if (status === 401 || body.exc_type === "CSRFTokenError" || (status === 403 && body.session_expired)) return words.logged_out;
		const said = status < 500 && wrong(body);
		if (said) return said;
		if (status === 403) return words.logged_out;
		if (status === 429) return words.too_many;
		return [502, 503, 504].includes(status) ? words.unreachable : words.broken;
	}

	// What Frappe says of an error: a list of messages in JSON in JSON, with some HTML.
	function wrong(body) {
		try {
			const message = JSON.parse(JSON.parse(body._server_messages)[0]).message;
			return new DOMParser().parseFromString(message, "text/html").body.textContent;
		} catch {
			return "";
		}
	}

	async function refresh() {
		try {
			const shown = await call("overview");
			key = shown.key;
			show(shown);
			connected("");
		} catch (error) {
			connected(error.logged_out ? words.logged_out : words.offline);
		}
	}

	// Whether what is shown is as it is now: said above it, and gone by itself. What came of a press stays until it is closed.
	function connected(text) {
		$("connection").textContent = text;
		$("connection").hidden = !text;
	}

	// --- what is shown; text nodes only, for subjects and labels were written by others

	function element(tag, text = "", cls = "", ...children) {
		const made = document.createElement(tag);
		made.dir = "auto"; // what people wrote, in whichever language
		made.className = cls;
		made.append(...(text ? [text] : []), ...children);
		return made;
	}

	function button(text, cls, press, label = "") {
		const made = element("button", text, cls);
		made.type = "button";
		if (label) made.setAttribute("aria-label", label);
		made.addEventListener("click", () => busy(made, press));
		return made;
	}

	async function busy(made, press) {
		made.disabled = true;
		try {
			tell("");
			await press();
		} catch (error) {
			tell(in_words(error));
		} finally {
			made.disabled = false;
		}
	}

	function in_words(error, otherwise = words.broken) {
		if (error instanceof InWords) return error.message;
		console.warn(error);
		return otherwise;
	}

	// At the bottom, above everything: there the thumb is, and it is in sight however far the page is scrolled.
	function tell(text) {
		$("said-text").textContent = text;
		$("said").hidden = !text;
		document.body.style.paddingBottom = text ? `${$("said").offsetHeight + 16}px` : "";
	}

	function show({ items, devices, live }) {
		if (items) show_items(items);
		if (devices) $("devices").replaceChildren(...rows((known = devices)));
		if (live !== undefined) {
			$("copy").textContent = words.copy;
			$("copy").hidden = live;
		}
	}

	// Drawn anew where there is news only: a screen reader reads it out, and what has the focus loses it.
	function show_items(items) {
		const as_text = JSON.stringify(items);
		if (as_text === drawn) return;
		drawn = as_text;
		$("items").replaceChildren(...cards(items));
	}

	function cards(items) {
		return items.length ? items.map(card) : [element("p", words.no_items, "card quiet")];
	}

	function card(item) {
		const tone = item.can_acknowledge ? "urgent" : item.status === "Acknowledged" ? "good" : "";
		const made = element(
			"article",
			"",
			`card ${tone}`,
			element("div", [say(words.ticket, item.reference_name), item.priority, item.clock].filter(Boolean).join(" · "), "quiet"),
			element("h2", item.ticket_subject, "subject"),
			element("p", item.state)
		);
		made.querySelector(".subject").dir = "auto"; // in whatever language it was written
		if (item.next) made.append(element("p", item.next, "quiet"));
		if (item.can_acknowledge) {
			const label = `${words.acknowledge}: ${item.ticket_subject}`;
			made.append(button(words.acknowledge, "main take", () => acknowledge(item), label));
		}
		made.append(open_ticket(item));
		return made;
	}

	function open_ticket(item) {
		const link = element("a", words.open, "open");
		link.href = item.url;
		link.setAttribute("aria-label", `${words.open}: ${item.ticket_subject}`);
		return link;
	}

	async function acknowledge(item) {
		const done = await call("acknowledge", { action_item: item.name });
		show(done);
		tell(done.message);
	}

	function rows(devices) {
		return devices.length ? devices.map(row) : [element("p", words.no_devices, "card quiet")];
	}

	function row(device) {
		const here = device.endpoint_hash === mine ? ` (${words.this_device})` : "";
		const times = [say(words.added, device.added_at)];
		if (device.last_used_at) times.push(say(words.last_used, device.last_used_at));
		const said = element("div", "", "", element("strong", device.label + here), element("p", times.join(", "), "quiet"));
		if (device.dead) said.append(element("p", device.dead_reason, "warn"));
		const label = `${words.remove}: ${device.label}`;
		return element("div", "", "card row", said, button(words.remove, "", () => remove(device), label));
	}

	async function remove(device) {
		if (device.endpoint_hash === mine) await leave();
		show(await call("remove_device", { device: device.name }));
		await state();
	}

	// --- notifications on this device

	const apple = /iPhone|iPad|iPod/.test(navigator.userAgent) ||
		(navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1); // an iPad that says it is a Mac
	const onHomeScreen = navigator.standalone === true || matchMedia("(display-mode: standalone)").matches;
	const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

	async function state() {
		const show_allow = (text) => {
			$("allow").textContent = text || "";
			$("allow").hidden = !text;
		};
		$("test").textContent = words.test;
		$("test").hidden = true;
		show_allow("");
		$("home-screen").hidden = !(apple && !onHomeScreen);
		if (!window.isSecureContext) return ($("state").textContent = words.insecure);
		if (!able) return ($("state").textContent = apple && !onHomeScreen ? words.off : words.unsupported);
		if (Notification.permission === "denied") return ($("state").textContent = words.denied);
		const there = registration && (await registration.pushManager.getSubscription());
		if (there && mine) {
			$("state").textContent = words.on;
			$("test").hidden = false;
		} else {
			$("state").textContent = words.off;
			show_allow(words.allow);
		}
	}

	async function allow() {
		$("state").textContent = words.allowing;
		try {
			// First of all, while the press still counts: browsers ask only then.
			const answer = await Notification.requestPermission();
			if (answer !== "granted") {
				tell(answer === "denied" ? words.denied : words.dismissed);
				return;
			}
			await subscribe();
		} catch (error) {
			tell(say(words.failed, in_words(error, words.unreachable_device)));
		} finally {
			await state();
		}
	}

	async function subscribe() {
		registration = await worker();
		let there = await registration.pushManager.getSubscription();
		let replaces = "";
		if (there && keyOf(there) !== key) {
			replaces = there.endpoint; // our keys were changed
			await there.unsubscribe();
			there = null;
		}
		there ||= await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
		const { endpoint, keys } = there.toJSON();
		const added = await call("add_device", {
			kind: "Web Push",
			endpoint,
			p256dh: keys.p256dh,
			auth: keys.auth,
			server_key: key,
			label: label(),
			replaces,
		});
		mine = await hashed(endpoint);
		show(added);
	}

	async function leave() {
		const there = registration && (await registration.pushManager.getSubscription());
		if (there) await there.unsubscribe();
		mine = "";
	}

	// Where notifications are allowed already, whatever the server lost is brought back without a word.
	async function resume() {
		if (!able || !window.isSecureContext) return;
		registration = await worker();
		const there = await registration.pushManager.getSubscription();
		if (!there || Notification.permission !== "granted" || !key) return;
		const id = await hashed(there.endpoint);
		if (keyOf(there) !== key || !known.some((one) => one.endpoint_hash === id && !one.dead)) return await subscribe();
		mine = id;
		show({ devices: known });
	}

	async function worker() {
		await navigator.serviceWorker.register("/escalations-worker.js", { scope: "/escalations" });
		return await ready("/escalations");
	}

	// navigator.serviceWorker.ready waits for a worker of any scope; ours is asked for by its own.
	async function ready(scope) {
		const found = await navigator.serviceWorker.getRegistration(scope);
		const coming = found.installing || found.waiting;
		if (!found.active && coming)
			await new Promise((done) =>
				coming.addEventListener("statechange", () => coming.state === "activated" && done())
			);
		return found;
	}

	function keyOf(subscription) {
		const raw = subscription.options && subscription.options.applicationServerKey;
		return raw ? text(new Uint8Array(raw)) : key;
	}

	const bytes = (encoded) =>
		Uint8Array.from(atob(encoded.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
	const text = (raw) =>
		btoa(String.fromCharCode(...raw)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

	async function hashed(endpoint) {
		const raw = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
		return [...new Uint8Array(raw)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
	}

	function label() {
		const agent = navigator.userAgent;
		const device =
			["iPhone", "iPad", "Android", "Windows", "Macintosh", "Linux"].find((name) => agent.includes(name)) || "";
		const browser = [
			["Edg", "Edge"],
			["Firefox", "Firefox"],
			["Chrome", "Chrome"],
			["Safari", "Safari"],
		].find(([part]) => agent.includes(part));
		const where = device === "Macintosh" ? (apple ? "iPad" : "Mac") : device;
		return [where, apple && onHomeScreen ? "" : browser && browser[1]].filter(Boolean).join(", ");
	}

	// --- begin

	async function begin() {
		$("close").textContent = words.close;
		$("close").addEventListener("click", () => tell(""));
		$("allow").addEventListener("click", () => busy($("allow"), allow));
		$("test").addEventListener("click", () =>
			busy($("test"), async () => {
				const done = await call("send_test");
				show(done);
				tell(done.message);
			})
		);
		await refresh();
		try {
			await resume();
		} catch (error) {
			tell(say(words.failed, in_words(error, words.unreachable_device)));
		}
		await state();
		setInterval(() => document.visibilityState === "visible" && refresh(), REFRESH);
		document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
		if ("serviceWorker" in navigator) navigator.serviceWorker.addEventListener("message", refresh);
	}

	begin();
})();
