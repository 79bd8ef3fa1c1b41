// The technician's page: what it asks of the server, what it tells, and how it begins. No library, no Desk.
(() => {
	const app = window.escalations;
	const { given, kept } = app;
	const { words, user } = given;
	const REFRESH = 30000; // milliseconds
	const PATIENCE = 20000; // milliseconds, for an answer
	const $ = (id) => document.getElementById(id);

	let items = null; // the escalations that are shown, once any are
	let known_at = 0; // when the server said so, by its clock in seconds
	let out = false; // somebody else is logged in, or nobody

	// --- the server

	// What is told to the person as it stands; any other error is a program's, and stays in the console.
	class InWords extends Error {
		constructor(words_, what = "") {
			super(words_);
			this.what = what; // "unreachable", "logged_out", or "" where it was refused
		}
	}

	const asked = (path, more) =>
		fetch(path, { cache: "no-store", signal: AbortSignal.timeout?.(PATIENCE), ...more }).catch(() => null);

	app.call = async (method, data = {}, again = true) => {
		const answer = await asked(`/api/method/escalation_mgmt.web.technician.${method}`, {
			method: "POST",
			headers: { "Content-Type": "application/json", Accept: "application/json", "X-Frappe-CSRF-Token": given.csrf_token },
			body: JSON.stringify(data),
		});
		if (!answer) throw new InWords(words.unreachable, "unreachable");
		const body = await answer.json().catch(() => null);
		if (answer.ok && body) return body.message;
		if (again && (body?.exc_type === "CSRFTokenError" || [401, 403].includes(answer.status))) {
			const session = await renewed();
			if (session && session.user !== user) throw new InWords(words.logged_out, "logged_out");
			if (session && body?.exc_type === "CSRFTokenError") return await app.call(method, data, false);
			if (session) throw new InWords(wrong(body || {}) || words.broken); // it is the same user's, and they may not
		}
		throw refused(answer.status, body || {});
	};

	// This page may be older than the session: it started offline, or somebody logged in anew. Whose it is; null: nobody says so.
	async function renewed() {
		const answer = await asked("/escalations", { headers: { Accept: "application/json" } });
		const session = answer?.ok ? await answer.json().catch(() => null) : null;
		if (session?.user === user) given.csrf_token = session.csrf_token;
		return session?.user ? session : null;
	}

	// By the status where the server has no words of its own for people: those of a fault are for programmers.
	function refused(status, body) {
		const out = status === 401 || body.exc_type === "CSRFTokenError" || (status === 403 && body.session_expired);
		const said = !out && status < 500 && wrong(body);
		if (said) return new InWords(said);
		if (out || status === 403) return new InWords(words.logged_out, "logged_out");
		if (status === 429) return new InWords(words.too_many, "later");
		return [502, 503, 504].includes(status) ? new InWords(words.unreachable, "unreachable") : new InWords(words.broken, "later");
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
			const shown = await app.call("overview", { as_user: user });
			app.show(shown);
			out = false;
			connected("");
			kept.know(user, { items: shown.items, at: shown.now, ahead: shown.now - Date.now() / 1000 });
			await send_waiting();
		} catch (error) {
			if (error.what === "logged_out") logged_out();
			else offline();
			if (!(error instanceof InWords)) throw error;
		}
	}

	function offline() {
		if (!out) connected(known_at ? words.offline_known : words.offline);
	}

	// Whoever holds the phone now may be somebody else: they see nothing of it. What waits to be sent waits for its own user.
	function logged_out() {
		out = true;
		kept.forget();
		items = null;
		app.clear();
		app.tell("");
		navigator.clearAppBadge?.().catch(() => {});
		known_at = 0;
		connected(kept.waiting(user).length ? words.logged_out_waiting : words.logged_out);
	}

	// Whether what is shown is as it is now: said above it, and gone by itself. What came of a press stays until it is closed.
	function connected(text) {
		if ($("connection-text").textContent !== text) $("connection-text").textContent = text;
		$("connection").hidden = !text;
		old();
	}

	// How old it is isn't read out each time it changes.
	function old() {
		$("known").textContent = known_at ? app.say(words.known, app.ago(app.now() - known_at)) : "";
	}

	// --- what is told

	app.busy = async (made, press) => {
		made.disabled = true;
		try {
			app.tell("");
			await press();
		} catch (error) {
			app.tell(app.in_words(error));
		} finally {
			made.disabled = false;
			// Its card was drawn anew: who goes by keys goes on where the answer stands.
			if (!made.isConnected && document.activeElement === document.body && !$("said").hidden)
				$($("undo").hidden ? "close" : "undo").focus();
		}
	};

	app.in_words = (error, otherwise = words.broken) => {
		if (error instanceof InWords) return error.message;
		console.warn(error);
		return otherwise;
	};

	// At the bottom, above everything: there the thumb is, and it is in sight however far the page is scrolled.
	app.tell = (text, undo = null) => {
		$("said-text").textContent = text;
		$("undo").hidden = !undo;
		$("undo").onclick = undo && (() => app.busy($("undo"), undo));
		$("said").hidden = !text;
		document.body.style.paddingBottom = text ? `${$("said").offsetHeight + 16}px` : "";
	};

	app.show = (shown) => {
		if (shown.now) {
			known_at = shown.now;
			app.set_clock(shown.now - Date.now() / 1000);
		}
		if (shown.items) show_items(shown.items);
		app.show_devices(shown.devices, shown.key);
		if (shown.live !== undefined) {
			$("copy").textContent = words.copy;
			$("copy").hidden = shown.live;
		}
	};

	function show_items(found) {
		const waiting = new Set(kept.waiting(user).map(({ action_item }) => action_item));
		const open = found.filter(({ can_acknowledge }) => can_acknowledge);
		const fresh = items && open.filter(({ item }) => !items.some((one) => one.item === item && one.can_acknowledge));
		items = found;
		app.draw(items, waiting);
		if (fresh?.length) $("news").textContent = fresh.map(({ subject, priority }) => [priority, subject].filter(Boolean).join(": ")).join(". ");
		navigator.setAppBadge?.(open.length).catch(() => {});
	}

	// --- what is pressed

	app.press = async (item, what, minutes = 0) => {
		const press = { action_item: item.item, what, minutes, position: item.position, as_user: user };
		const at = app.now(); // before the server is waited for
		try {
			pressed(await app.call("do", press));
		} catch (error) {
			if (error.what === "logged_out") logged_out();
			if (what !== "acknowledge" || error.what !== "unreachable" || !kept.wait(user, { ...press, kept: at, ticket: item.ticket })) throw error;
			if (items) show_items(items);
			app.tell(words.waiting);
		}
	};

	function pressed(done) {
		app.show(done);
		app.tell(done.message, undo_of(done));
	}

	function undo_of(done) {
		const item = items?.find((one) => one.item === done.item);
		const can = item?.offers.some(({ what }) => what === "undo") && done.what === "acknowledge";
		return can ? () => app.press(item, "undo") : null;
	}

	// One page of several, one press after the other. What the server has answered is over, whatever it answered.
	async function send_waiting() {
		if (!kept.waiting(user).length) return;
		if (navigator.locks) await navigator.locks.request("escalations", { ifAvailable: true }, (lock) => lock && send_each());
		else await send_each();
	}

	// What came of each is told at once, with its ticket: the last says nothing of those before it.
	async function send_each() {
		const said = [];
		let undo = null;
		let later = false; // one that the server can't take now holds up none behind it
		for (const waiting of kept.waiting(user)) {
			const { ticket, ...press } = waiting;
			const of = (text) => said.push(ticket ? `${app.say(words.ticket, ticket)}: ${text}` : text);
			try {
				const done = await app.call("do", { kept: 1, ...press });
				kept.over(user, waiting);
				app.show(done);
				undo = undo_of(done);
				of(done.message);
			} catch (error) {
				if (error.what === "logged_out") return logged_out();
				later ||= ["unreachable", "later"].includes(error.what);
				if (error.what === "unreachable") break;
				if (error.what === "later") continue;
				kept.over(user, waiting);
				if (items) show_items(items);
				of(app.in_words(error));
			}
		}
		if (said.length) app.tell([words.sent, ...said].join("\n"), said.length === 1 ? undo : null);
		if (later) offline();
	}

	// --- begin

	// Whose log-in the browser has, as far as it says so: nothing where it was closed since.
	function somebody_else() {
		const cookie = document.cookie.match(/(?:^|; )user_id=([^;]*)/);
		return Boolean(cookie) && decodeURIComponent(cookie[1]) !== user;
	}

	function show_known() {
		const known = kept.known(user);
		if (!known) return;
		app.set_clock(known.ahead);
		known_at = known.at;
		show_items(known.items);
	}

	const shown_now = () => document.visibilityState === "visible" && refresh();

	async function begin() {
		$("close").textContent = words.close;
		$("undo").textContent = words.undo;
		$("close").addEventListener("click", () => app.tell(""));
		if (somebody_else()) logged_out();
		else show_known();
		await refresh();
		await app.begin_devices();
		setInterval(shown_now, REFRESH);
		setInterval(old, 10000);
		addEventListener("online", refresh);
		document.addEventListener("visibilitychange", shown_now);
		navigator.serviceWorker?.addEventListener("message", refresh);
	}

	addEventListener("DOMContentLoaded", begin);
})();
