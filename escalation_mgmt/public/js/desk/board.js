// The board: every open escalation, for the screen on the wall and for whoever coordinates. Asked for every few seconds, because
// no realtime message is relied on, and counted down in between. It says itself when what it shows is old.
import { API, clock } from "../ticket_escalation";
import { ago, item_link, make, of_people, put } from "../ticket_parts";

const POLL = 10000; // milliseconds
const OLD = 25000; // milliseconds; after two questions without an answer
const SOON = 1000; // milliseconds; many things may change at once
const LATE = 10; // seconds; until then what is due is being done

export class Board {
	constructor(wrapper) {
		this.page = frappe.ui.make_app_page({ parent: wrapper, title: __("Escalation Board"), single_column: true });
		this.page.set_secondary_action(__("Full Screen"), () => this.fill_screen());
		this.element = make("div", "escalation-board");
		this.head = make("div", "escalation-board-head");
		this.count = make("b");
		this.as_of = make("span");
		this.head.append(this.count, this.as_of);
		this.problems = make("div", "escalation-board-problems");
		this.problems.setAttribute("role", "alert");
		this.rows = make("ol", "escalation-board-rows");
		this.rows.addEventListener("click", open_item);
		this.more = make("div", "escalation-board-more");
		this.element.append(this.head, this.problems, this.rows, this.more);
		this.page.main[0].append(this.element);
		frappe.realtime.on("escalation_changed", () => this.ask_soon());
		document.addEventListener("visibilitychange", () => this.ask());
	}

	start() {
		this.stop();
		this.timers = [setInterval(() => this.ask(), POLL), setInterval(() => this.tick(), 1000)];
		this.ask();
	}

	stop() {
		(this.timers || []).forEach(clearInterval);
		this.timers = null;
	}

	ask_soon() {
		this.soon ||= setTimeout(() => {
			this.soon = null;
			this.ask();
		}, SOON);
	}

	// One question at a time, and none while nobody looks.
	async ask() {
		if (this.asking || !this.timers || document.visibilityState !== "visible") return;
		this.asking = true;
		const gone = new AbortController();
		const patience = setTimeout(() => gone.abort(), OLD);
		try {
			const answer = await fetch(`${API}board`, { headers: { Accept: "application/json" }, signal: gone.signal });
			this.status = answer.status;
			if (answer.ok) this.show((await answer.json()).message);
		} catch {
			this.status = 0; // the server is away; what is shown stays, and grows old
		} finally {
			clearTimeout(patience);
			this.asking = false;
		}
		this.tick();
	}

	show(state) {
		this.state = state;
		this.heard_at = performance.now();
		const fixed = state.rows.map((row) => ({ ...row, due_in: null }));
		const focused = document.activeElement?.dataset?.item;
		if (put(this.rows, fixed, () => state.rows.map(row_element)) && focused)
			this.rows.querySelector(`[data-item="${CSS.escape(focused)}"]`)?.focus();
		this.more.textContent = state.more;
	}

	// Each second: what is left until the next steps, how old everything is.
	tick() {
		if (!this.timers) return;
		const { state } = this;
		const age = this.heard_at === undefined ? null : performance.now() - this.heard_at;
		const old = age === null ? this.status !== undefined : age > OLD || [401, 403].includes(this.status);
		this.element.classList.toggle("is-old", old);
		write(this.count, this.words(age, old));
		write(this.as_of, state ? __("As of {0}", [state.as_of]) : "");
		write(this.problems, [...(old ? [this.why_old(age)] : []), ...(state?.problems || [])].join(" "));
		if (!state) return;
		[...this.rows.children].forEach((element, n) => tick_row(element, state.rows[n], age / 1000, state));
	}

	words(age, old) {
		if (!this.state) return old ? "" : __("Looking ...");
		const { rows, more } = this.state;
		if (!rows.length) return old ? __("Nothing was open then.") : __("Nothing is open.");
		const open = rows.length === 1 ? __("One escalation is open.") : __("{0} escalations are open.", [more ? `${rows.length}+` : rows.length]);
		const alone = rows.filter((row) => row.nobody).length;
		if (!alone) return open;
		if (alone === rows.length && !more) return `${open} ${__("Nobody has taken any.")}`;
		const many = alone === rows.length ? `${alone}+` : alone; // of those that aren't shown somebody may have some
		return `${open} ${alone === 1 ? __("Nobody has taken one of them.") : __("Nobody has taken {0} of them.", [many])}`;
	}

	why_old(age) {
		if ([401, 403].includes(this.status)) return __("You are logged out, or may not see this any more. Reload the page.");
		if (age === null) return __("The server can't be reached.");
		return __("NOT FRESH: the server can't be reached. What you see is {0} old.", [clock(Math.floor(age / 1000))]);
	}

	// For a screen on the wall: nothing but the board, and where the browser allows it, it stays on.
	fill_screen() {
		this.element.requestFullscreen?.();
		navigator.wakeLock?.request("screen").catch(() => {});
	}
}

function row_element(row) {
	const element = make("li", `escalation-board-row ${row.tone}`);
	const subject = of_people(item_link(row.item, row.subject || row.ticket));
	subject.className = "escalation-board-subject";
	subject.dataset.item = row.item;
	element.append(
		cell("status", make("b", "", row.status), make("span", "escalation-board-priority", row.priority), make("span", "", row.held)),
		cell("ticket", subject, make("span", "", [row.ticket, row.clock].filter(Boolean).join(" · "))),
		cell("who", of_people(make("b", "", row.who || "–")), make("span", "", row.how)),
		cell("step", make("b", "", row.step), make("span", "", __("step"))),
		cell("next", make("b", "escalation-board-left"), make("span", "escalation-board-what")),
		cell("last", of_people(make("span", "escalation-board-line", row.last)), updated(row)),
	);
	return element;
}

// The whole row opens its item, as its link does by itself, in another tab as well.
function open_item(event) {
	const subject = event.target.closest("li")?.querySelector("a");
	if (subject && !event.target.closest("a") && !String(getSelection())) subject.click();
}

function cell(name, ...parts) {
	const element = make("div", `escalation-board-${name}`);
	element.append(...parts);
	return element;
}

const updated = (row) => Object.assign(make("time", "escalation-board-updated"), { title: row.exact });

// `heard`: so many seconds ago the server said it.
function tick_row(element, row, heard, { now, words }) {
	const left = row.due_in === null ? null : Math.ceil(row.due_in - heard);
	element.classList.toggle("is-late", left !== null && left < -LATE);
	write(element.querySelector(".escalation-board-left"), time_until(left));
	write(element.querySelector(".escalation-board-what"), left === null ? "" : what_comes(row, left));
	write(element.querySelector(".escalation-board-updated"), ago(now + heard - row.updated, words));
}

function time_until(left) {
	if (left === null) return "–";
	if (left > 0) return clock(left);
	return left < -LATE ? __("{0} overdue", [clock(-left)]) : __("now");
}

const what_comes = (row, left) => (left > 0 ? row.next : row.due);

const write = (element, text) => {
	if (element.textContent !== text) element.textContent = text;
};
