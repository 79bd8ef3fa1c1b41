// A ticket's escalation as its form shows it, in Desk and on Helpdesk's agent page: asked for every few seconds, because
// no realtime message is relied on, and counted down in between. What it looks like is theirs.

const POLL = 5000; // milliseconds
export const API = "/api/method/escalation_mgmt.api.";

export class TicketEscalation {
	// `draw(state)` is called when what is to be shown has changed, with null where the user may see none;
	// `count(text, n)` each second, with what comes next of the nth item and the time until then; `heard(status)` after each question, with 0
	// where the server could not be reached.
	constructor(doctype, name, { draw, count, heard = () => {} }) {
		Object.assign(this, { doctype, name: String(name), draw, count, heard, state: null, acts: 0 });
		this.poll_timer = setInterval(() => this.poll(), POLL);
		this.count_timer = setInterval(() => this.tick(), 1000);
		this.on_visible = () => this.poll();
		document.addEventListener("visibilitychange", this.on_visible);
		this.poll();
	}

	close() {
		this.closed = true;
		clearInterval(this.poll_timer);
		clearInterval(this.count_timer);
		document.removeEventListener("visibilitychange", this.on_visible);
	}

	// One question at a time; whoever asks meanwhile gets the same answer.
	poll() {
		if (this.closed || document.visibilityState !== "visible") return Promise.resolve();
		this.polling ||= this.ask().finally(() => (this.polling = null));
		return this.polling;
	}

	// What was asked before something was done knows nothing of it, however late the answer comes.
	async ask() {
		const { acts } = this;
		try {
			const answer = await fetch(this.asked(), { headers: { Accept: "application/json" } });
			const said = answer.ok && (await answer.json()).message;
			if (acts !== this.acts) return;
			if (answer.ok) this.show(said);
			else if (answer.status < 500) this.show(null);
			if (!this.closed) this.heard(answer.status);
		} catch {
			if (!this.closed) this.heard(0); // the server is away for a moment; what is shown stays
		}
	}

	asked() {
		return `${API}ticket?${new URLSearchParams({ doctype: this.doctype, name: this.name })}`;
	}

	// `shown` is the state that the page had when the action was chosen: while a dialog is open, another may take its place.
	// Returns {done, message} in words; a refusal is no exception.
	async act(action, values, shown) {
		const body = { doctype: this.doctype, name: this.name, action, seen: shown.seen, values };
		const said = await post("act", body, shown.words);
		this.acts++;
		if (said.ticket) this.show(said.ticket);
		return said;
	}

	// What somebody goes on from whom the server has `said` what happened since: the same escalation, as it stands now. Whoever
	// was told nothing of it, because the server was away, say, still means the one that they saw.
	told(shown, said) {
		const stands = "instead" in said && items_of(this.state).find(({ item, seen }) => seen && item === shown.item);
		return stands ? { ...stands, words: shown.words } : shown;
	}

	// Of which ticket this is; an item's form knows it otherwise.
	get ticket() {
		return this.name;
	}

	// What an action would do with these values: as the server says it, or {error: in words}.
	async preview(action, values, shown) {
		const asked = new URLSearchParams({ doctype: this.doctype, name: this.ticket, ...values });
		const answer = await fetch(`${API}${action.preview}?${asked}`, { headers: { Accept: "application/json" } }).catch(() => null);
		if (!answer) return { error: shown.words.no_preview };
		const said = await answer.json().catch(() => null);
		return (answer.ok && said?.message) || { error: messages(said?._server_messages) || shown.words.no_preview };
	}

	show(state) {
		if (this.closed) return;
		const heard_at = performance.now();
		this.offset = (state?.now || 0) - heard_at / 1000;
		this.dues = items_of(state).map(({ due_in }) => (due_in == null ? null : heard_at + 1000 * due_in));
		const fixed = JSON.stringify(state, (key, value) => (["due_in", "now"].includes(key) ? null : value));
		if (fixed !== this.fixed) {
			this.fixed = fixed;
			this.state = state;
			this.draw(state);
		}
		this.tick();
	}

	tick() {
		if (this.state && !this.closed) items_of(this.state).forEach((item, n) => this.count(countdown(item, this.dues[n]), n));
	}

	// By the server's clock, in seconds of Unix time.
	now() {
		return this.offset + performance.now() / 1000;
	}
}

// Those that a ticket shows; the form of an item shows itself, and a ticket without one has nothing to count.
const items_of = (state) => (state?.items?.length ? state.items : [state].filter(Boolean));

// What comes next, and when: `due` on the clock of performance.now().
export function countdown(state, due) {
	if (due == null) return "";
	const left = time_left(due);
	return left ? state.countdown.replace("{time}", left) : state.due;
}

// As a clock shows it; empty once it is over.
export function time_left(due) {
	const seconds = due === null ? 0 : Math.ceil((due - performance.now()) / 1000);
	return seconds > 0 ? clock(seconds) : "";
}

// Seconds as a clock shows them: 4:05 or 1:04:05.
export function clock(seconds) {
	const two = (number) => String(number).padStart(2, "0");
	const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
	return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

export async function post(method, body, words) {
	const answer = await fetch(API + method, {
		method: "POST",
		headers: {
			"Accept": "application/json",
			"Content-Type": "application/json",
			"X-Frappe-CSRF-Token": window.frappe?.csrf_token || window.csrf_token,
		},
		body: JSON.stringify(body),
	}).catch(() => null);
	if (!answer) return { done: false, message: words.offline };
	const said = await answer.json().catch(() => null);
	if (answer.ok && said) return said.message;
	return { done: false, message: refusal(answer.status, said, words) };
}

// What the server said against it in words; else what its status means for the person: never a program's own text.
function refusal(status, said, words) {
	const text = messages(said?._server_messages);
	if (text && status < 500) return text;
	if (status === 401 || status === 403 || said?.exc_type === "CSRFTokenError") return words.logged_out;
	return status === 429 ? words.too_many : words.failed;
}

function messages(listed) {
	try {
		return JSON.parse(listed || "[]")
			.map((message) => JSON.parse(message).message)
			.join(" ")
			.replace(/<[^>]*>/g, "");
	} catch {
		return "";
	}
}
