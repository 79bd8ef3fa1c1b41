// Notifications on this device, and the user's devices.
(() => {
	const app = (window.escalations ||= {});
	const { words } = app.given;
	const { button, call, element, in_words, say, tell } = app;
	const $ = (id) => document.getElementById(id);

	let key = ""; // the server's public key
	let registration = null;
	let mine = ""; // hash of this browser's endpoint: which of the devices is this one
	let known = []; // the user's devices, as the server has them

	app.show_devices = (devices, of_server) => {
		key = of_server || key;
		if (devices) $("devices").replaceChildren(...rows((known = devices)));
	};

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
		app.show(await call("remove_device", { device: device.name }));
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
		if (!key) return ($("state").textContent = words.offline);
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
		app.show(added);
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
		app.show_devices(known);
	}

	// From now on the page starts without a network.
	async function starts_offline() {
		if (!("serviceWorker" in navigator) || !window.isSecureContext || navigator.serviceWorker.controller) return;
		(await worker()).active?.postMessage("keep");
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

	app.begin_devices = async () => {
		$("allow").addEventListener("click", () => app.busy($("allow"), allow));
		$("test").addEventListener("click", () =>
			app.busy($("test"), async () => {
				const done = await call("send_test");
				app.show(done);
				tell(done.message);
			})
		);
		try {
			await starts_offline();
			await resume();
		} catch (error) {
			tell(say(words.failed, in_words(error, words.unreachable_device)));
		}
		await state();
	};
})();
