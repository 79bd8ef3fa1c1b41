// Helpdesk's agent page: a line under the ticket's header says how its escalation stands, and offers what can be done.
// Loaded by the HD Form Script that the app installs.

// One version for all files, however long a browser keeps them.
const version = new URL(import.meta.url).search;
const { TicketEscalation } = await import(`./ticket_escalation.js${version}`);
const { CSS } = await import(`./agent_page_style.js${version}`);

const IN_A_ROW = 3; // buttons; where there are more, the first two and a menu

let line = null;

export function setup({ doc, router, toast }) {
	if (!doc?.name) return;
	if (line?.name === String(doc.name)) return line.escalation.poll();
	line?.close();
	if (!line) router?.afterEach((to) => line && to.params.ticketId !== line.name && line.close());
	line = new Line(String(doc.name), toast);
}

class Line {
	constructor(name, toast) {
		this.name = name;
		this.toast = toast;
		this.element = make("section", "escalation-line");
		this.element.append(make("style", "", CSS));
		this.escalation = new TicketEscalation("HD Ticket", name, {
			draw: (state) => this.draw(state),
			count: (text) => this.next && this.next.textContent !== text && (this.next.textContent = text),
		});
	}

	close() {
		this.escalation.close();
		this.element.remove();
		this.name = null;
	}

	draw(state) {
		const header = document.getElementById("app-header");
		if (!header || !state || !(state.item || state.actions.length)) return this.element.remove();
		const focused = this.element.contains(document.activeElement) && document.activeElement.dataset.action;
		const open = this.menu?.matches(":popover-open");
		this.element.setAttribute("aria-label", state.words.title);
		this.element.dataset.tone = state.tone || "gray";
		this.element.replaceChildren(...this.parts(state));
		// Behind what Helpdesk itself puts there; on a phone that is a bar of one line, so below it.
		if (header.tagName === "HEADER") header.parentElement.after(this.element);
		else header.append(this.element);
		if (open) this.menu?.showPopover();
		if (focused) this.element.querySelector(`[data-action="${focused}"]`)?.focus();
	}

	parts(state) {
		this.next = make("span", "escalation-next");
		const status = state.item ? [make("span", "escalation-status", state.status)] : [];
		const link = state.item ? [details(state)] : [];
		const stands = [...status, of_people(make("span", "", state.headline)), this.next, ...link];
		return [this.element.querySelector("style"), make("strong", "", state.words.title), ...stands, this.buttons(state)];
	}

	buttons(state) {
		const row = make("span", "escalation-actions");
		const made = state.actions.map((action) => this.button(action, state));
		this.menu = null;
		if (made.length <= IN_A_ROW || !("popover" in this.element)) row.append(...made);
		else row.append(...made.slice(0, 2), ...this.more(made.slice(2), state.words));
		return row;
	}

	// A button, and what it opens: above everything, whatever Helpdesk cuts off at its header's edge.
	more(buttons, words) {
		const opens = make("button", "", words.more);
		this.menu = make("div", "escalation-menu");
		this.menu.popover = "auto";
		this.menu.append(...buttons);
		Object.assign(opens, { type: "button", popoverTargetElement: this.menu });
		opens.dataset.action = "more";
		this.menu.addEventListener("beforetoggle", ({ newState }) => newState === "open" && beneath(this.menu, opens));
		return [opens, this.menu];
	}

	button(action, shown) {
		const button = make("button", "", action.label);
		button.type = "button";
		button.dataset.action = action.name;
		button.addEventListener("click", () => this.run(button, action, shown));
		return button;
	}

	// Ask what the action wants to know, do it, and say what came of it.
	async run(button, action, shown) {
		this.menu?.hidePopover();
		const values = action.fields.length ? await ask(action, shown.words) : {};
		if (!values) return;
		button.disabled = true;
		const { done, message } = await this.escalation
			.act(action.name, values, shown)
			.catch((error) => (console.error("Escalation:", error), { done: false, message: shown.words.failed }))
			.finally(() => (button.disabled = false));
		(done ? this.toast.success : this.toast.error)(message);
	}
}

// Opens below the button, with its far edge under the button's, in whichever direction the page is read.
function beneath(menu, button) {
	const { bottom, left, right } = button.getBoundingClientRect();
	const width = document.documentElement.clientWidth;
	const rtl = getComputedStyle(button).direction === "rtl";
	Object.assign(menu.style, { top: `${bottom + 4}px`, left: rtl ? `${Math.max(left, 8)}px` : "auto" });
	menu.style.right = rtl ? "auto" : `${Math.max(width - right, 8)}px`;
}

function details(state) {
	const href = `/app/escalation-action-item/${encodeURIComponent(state.item)}`;
	return Object.assign(make("a", "", state.words.details), { href, target: "_blank" });
}

// What an action asks for: {field: value}, or null where it was thought better of.
function ask(action, words) {
	const dialog = make("dialog", "escalation-dialog");
	const form = make("form");
	form.method = "dialog";
	const title = action.label.replace("…", "");
	form.append(make("h2", "", title), ...action.fields.map((field) => labelled(field, words)), choices(dialog, title, words));
	dialog.append(make("style", "", CSS), form);
	document.body.append(dialog);
	dialog.showModal();
	return new Promise((resolve) => {
		dialog.addEventListener("close", () => {
			resolve(dialog.returnValue === "send" ? Object.fromEntries(new FormData(form)) : null);
			dialog.remove();
		});
	});
}

// A field under its label.
function labelled(field, words) {
	const label = make("label", "", field.label);
	label.append(input_of(field));
	if (field.kind === "datetime") label.append(make("small", "", words.zone));
	return label;
}

function input_of(field) {
	const at = field.kind === "datetime";
	const input = make(field.options.length ? "select" : at ? "input" : "textarea");
	if (at) input.type = "datetime-local";
	Object.assign(input, { name: field.name, required: true });
	if (field.default) input.value = field.default.slice(0, 16);
	input.append(...field.options.map(({ value, label }) => Object.assign(make("option", "", label), { value })));
	return input;
}

// What ends the dialog.
function choices(dialog, title, words) {
	const cancel = make("button", "", words.cancel);
	Object.assign(cancel, { type: "button", onclick: () => dialog.close() });
	const send = Object.assign(make("button", "escalation-send", title), { value: "send" });
	const buttons = make("div", "escalation-actions");
	buttons.append(cancel, send);
	return buttons;
}

// A sentence that may hold what people wrote, in whichever direction.
function of_people(element) {
	element.dir = "auto";
	return element;
}

function make(tag, name = "", text = "") {
	const element = document.createElement(tag);
	if (name) element.className = name;
	element.textContent = text;
	return element;
}
