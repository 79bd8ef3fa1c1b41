// Helpdesk's agent page: a line under the ticket's header says how its escalation stands, and offers what can be done.
// Loaded by the HD Form Script that the app installs.

// One version for both files, however long a browser keeps them.
const { TicketEscalation } = await import(`./ticket_escalation.js${new URL(import.meta.url).search}`);

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
		this.element.setAttribute("aria-label", state.words.title);
		this.element.dataset.tone = state.tone || "gray";
		this.element.replaceChildren(...this.parts(state));
		// Behind what Helpdesk itself puts there; on a phone that is a bar of one line, so below it.
		if (header.tagName === "HEADER") header.parentElement.after(this.element);
		else header.append(this.element);
		if (focused) this.element.querySelector(`[data-action="${focused}"]`)?.focus();
	}

	parts(state) {
		const buttons = make("span", "escalation-actions");
		buttons.append(...state.actions.map((action) => this.button(action, state)));
		this.next = make("span", "escalation-next");
		const stands = state.item ? [make("span", "escalation-status", state.status), make("span", "", state.headline), this.next, details(state)] : [];
		return [this.element.querySelector("style"), make("strong", "", state.words.title), ...stands, buttons];
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
		const values = action.fields.length ? await ask(action, shown.words) : {};
		if (!values) return;
		button.disabled = true;
		const { done, message } = await this.escalation
			.act(action.name, values, shown)
			.catch((error) => ({ done: false, message: String(error) }))
			.finally(() => (button.disabled = false));
		(done ? this.toast.success : this.toast.error)(message);
	}
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

function make(tag, name = "", text = "") {
	const element = document.createElement(tag);
	if (name) element.className = name;
	element.textContent = text;
	return element;
}

const CSS = `
	.escalation-line { display: flex; flex: none; flex-wrap: wrap; align-items: center; gap: 4px 12px; margin: 0 20px 12px; padding: 6px 12px;
		border-left: 4px solid var(--escalation-tone); border-radius: 6px; font-size: 14px; line-height: 1.4;
		background: var(--surface-gray-2, #f3f3f3); color: var(--ink-gray-8, #383838); --escalation-tone: #7c7c7c; }
	.escalation-line[data-tone=red] { --escalation-tone: #b52a2a; }
	.escalation-line[data-tone=orange] { --escalation-tone: #a35200; }
	.escalation-line[data-tone=yellow] { --escalation-tone: #816300; }
	.escalation-line[data-tone=green] { --escalation-tone: #1b6b38; }
	.escalation-line[data-tone=blue] { --escalation-tone: #0a5ea8; }
	@media (max-width: 767px) { .escalation-line { margin: 8px 12px; } }
	.escalation-status { padding: 1px 8px; border-radius: 10px; background: var(--escalation-tone); color: #fff; white-space: nowrap; }
	.escalation-next { font-variant-numeric: tabular-nums; font-weight: 600; }
	.escalation-next:empty { display: none; }
	.escalation-line a { text-decoration: underline; }
	.escalation-actions { display: flex; flex-wrap: wrap; gap: 8px; margin-left: auto; }
	.escalation-actions button { padding: 3px 10px; border-radius: 6px; border: 1px solid var(--outline-gray-3, #c7c7c7);
		background: var(--surface-white, #fff); color: var(--ink-gray-9, #171717); }
	.escalation-actions button:hover { background: var(--surface-gray-3, #ededed); }
	.escalation-actions button:focus-visible { outline: 2px solid currentColor; outline-offset: 1px; }
	.escalation-actions [data-action=acknowledge], .escalation-actions .escalation-send {
		background: var(--surface-gray-7, #171717); border-color: transparent; color: var(--ink-white, #fff); }
	.escalation-actions [data-action=acknowledge]:hover { background: var(--surface-gray-6, #383838); }
	.escalation-dialog { width: min(420px, 92vw); margin: auto; padding: 20px; border: 0; border-radius: 12px;
		background: var(--surface-modal, #fff); color: var(--ink-gray-9, #171717); }
	.escalation-dialog::backdrop { background: rgb(0 0 0 / 40%); }
	.escalation-dialog .escalation-actions { justify-content: flex-end; font-size: 14px; }
	.escalation-dialog h2 { font-size: 18px; font-weight: 600; margin-bottom: 12px; }
	.escalation-dialog label { display: block; font-size: 14px; margin-bottom: 16px; }
	.escalation-dialog textarea, .escalation-dialog select, .escalation-dialog input { display: block; width: 100%; min-height: 34px; margin-top: 4px; padding: 6px 8px;
		border: 1px solid var(--outline-gray-3, #c7c7c7); border-radius: 6px; background: var(--surface-white, #fff); color: inherit; font-size: 14px; }
	.escalation-dialog textarea { min-height: 84px; }
`;
