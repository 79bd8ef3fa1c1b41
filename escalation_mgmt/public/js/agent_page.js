// Helpdesk's agent page: a line under the ticket's header says how its escalation stands, and offers what can be done.
// Loaded by the HD Form Script that the app installs.

// One version for all files, however long a browser keeps them.
const version = new URL(import.meta.url).search;
const { TicketEscalation } = await import(`./ticket_escalation.js${version}`);
const { count_ages, item_link, likely_people, make, of_people, other_people, Preview, put, put_earlier, put_sent } = await import(
	`./ticket_parts.js${version}`
);
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
		this.items = [];
		this.title = make("strong");
		this.earlier = make("details", "escalation-earlier");
		this.said = make("div", "escalation-said");
		this.said.setAttribute("role", "alert");
		this.element = make("section", "escalation-line");
		this.element.append(make("style", "", CSS), this.title, this.earlier, this.said);
		this.escalation = new TicketEscalation("HD Ticket", name, {
			draw: (state) => this.draw(state),
			count: (text, n) => this.count(text, n),
		});
	}

	close() {
		this.escalation.close();
		this.element.remove();
		this.name = null;
	}

	count(text, n) {
		this.place(); // Helpdesk may have drawn its header anew
		const next = this.items[n]?.next;
		if (next && next.textContent !== text) next.textContent = text;
		count_ages(this.element, this.escalation.now(), this.escalation.state.words);
	}

	draw(state) {
		this.shown = Boolean(state && (state.items.length || state.headline || state.actions.length));
		if (!this.shown) return this.element.remove();
		this.place();
		this.element.setAttribute("aria-label", state.words.title);
		this.element.dataset.tone = state.tone || "gray";
		this.title.textContent = state.words.title;
		this.draw_items(state.items.length ? state.items : [state], state.words);
		put_earlier(this.earlier, state.earlier, "_blank");
	}

	// Behind what Helpdesk itself puts there; on a phone that is a bar of one line, so below it.
	place() {
		const header = document.getElementById("app-header");
		if (!header || !this.shown) return;
		if (header.tagName !== "HEADER") return this.element.parentElement === header || header.append(this.element);
		if (header.parentElement.nextElementSibling !== this.element) header.parentElement.after(this.element);
	}

	draw_items(items, words) {
		while (this.items.length > items.length) this.items.pop().remove();
		while (this.items.length < items.length) this.items.push(new Item(this, this.items.length));
		items.forEach((item, n) => this.items[n].draw(item, words, items.length > 1));
	}

	// Helpdesk's toasts aren't spoken in all of its versions.
	say(message) {
		this.said.textContent = "";
		setTimeout(() => (this.said.textContent = message), 50); // what is the same is spoken again
	}
}

// What can be done about one escalation: buttons, and a menu where there are many.
class Doable {
	constructor(line) {
		this.line = line;
		this.element = make("span", "escalation-actions");
	}

	// Drawn anew where others are offered, and no sooner: an open menu stays open, and where somebody stands they stay. Not where
	// another escalation has taken the place: what is pressed is about the one that was read.
	draw(item, words) {
		const { actions } = item;
		const same = this.shown?.item === item.item;
		this.shown = { ...item, words };
		if (!same) return put(this.element, [item.item, actions], () => this.buttons(actions, words));
		const focused = this.element.contains(document.activeElement) && document.activeElement.dataset.action;
		const open = this.menu?.matches(":popover-open");
		if (!put(this.element, [item.item, actions], () => this.buttons(actions, words))) return;
		if (open) this.menu?.showPopover();
		if (focused) this.element.querySelector(`[data-action="${focused}"]`)?.focus();
	}

	buttons(actions, words) {
		const made = actions.map((action) => this.button(action));
		this.menu = null;
		if (made.length <= IN_A_ROW || !("popover" in this.element)) return made;
		return [...made.slice(0, 2), ...this.more(made.slice(2), words)];
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

	button(action) {
		const button = make("button", "", action.label);
		button.type = "button";
		button.dataset.action = action.name;
		button.addEventListener("click", () => this.run(button, action, this.shown));
		return button;
	}

	// Ask what the action wants to know, do it, and say what came of it.
	async run(button, action, shown) {
		this.menu?.hidePopover();
		const { escalation, toast } = this.line;
		let known = shown;
		const act = (values) => {
			button.disabled = true;
			return escalation
				.act(action.name, values, known)
				.then((said) => ((known = escalation.told(known, said)), said))
				.catch((error) => (console.error("Escalation:", error), { done: false, message: shown.words.failed }))
				.finally(() => (button.disabled = false));
		};
		const said = await (action.fields.length ? ask(escalation, action, shown, act) : act({}));
		if (said) {
			(said.done ? toast.success : toast.error)(said.message);
			this.line.say(said.message);
		}
		this.stand(action.name);
	}

	// By keys somebody goes on from the action, or from the menu that has it; where it isn't offered any more, from the first.
	stand(name) {
		if (![null, document.body].includes(document.activeElement)) return; // they have gone elsewhere
		const button = this.element.querySelector(`[data-action="${name}"]`);
		const more = this.menu?.contains(button) && this.element.querySelector("[data-action=more]");
		(more || button || this.element.querySelector("button") || this.line.element.querySelector("button"))?.focus();
	}
}

// How one escalation stands: in words, which are spoken when they change, and beside them what counts down.
class Item {
	constructor(line, n) {
		this.stands = make("span", "escalation-stands");
		this.stands.setAttribute("role", "status");
		this.next = make("span", "escalation-next");
		this.details = make("span");
		this.doable = new Doable(line);
		this.withheld = make("span", "escalation-withheld");
		this.sent = make("div", "escalation-sent");
		this.parts = [this.stands, this.next, this.details, this.doable.element, this.withheld, this.sent];
		// The first stands beside the title, whatever else runs in a row of its own.
		if (n) (this.row = make("div", "escalation-item")).append(...this.parts);
		line.earlier.before(...(n ? [this.row] : this.parts));
	}

	draw(item, words, several) {
		const plan = several ? [make("b", "escalation-clock", item.clock), " ", of_people(make("span", "escalation-plan", item.plan)), " "] : [];
		const pill = Object.assign(make("span", "escalation-status", item.status || ""), { hidden: !item.status });
		pill.dataset.tone = item.tone || "";
		put(this.stands, [item.status, item.tone, item.headline, several && [item.clock, item.plan]], () => [
			...plan,
			...(item.status ? [pill, " "] : []),
			of_people(make("span", "", item.headline)),
		]);
		put(this.details, item.item || "", () => (item.item ? [Object.assign(item_link(item.item, words.details), { target: "_blank" })] : []));
		this.doable.draw(item, words);
		this.withheld.textContent = item.actions.length ? "" : item.withheld;
		put_sent(this.sent, item.sent, words);
	}

	remove() {
		for (const part of this.parts) part.remove();
		this.row?.remove();
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

// What came of an action that asks for something first; null where it was thought better of. Where it is refused the dialog stays,
// and says why: what was written isn't lost.
function ask(escalation, action, shown, act) {
	const { words } = shown;
	const dialog = make("dialog", "escalation-dialog");
	const form = make("form");
	form.method = "dialog";
	const title = action.label.replace("…", "");
	const heading = Object.assign(make("h2", "", title), { id: "escalation-asks" });
	dialog.setAttribute("aria-labelledby", heading.id);
	const values = () => Object.fromEntries(new FormData(form));
	return new Promise((resolve) => {
		const refused = make("div", "escalation-refused");
		refused.setAttribute("role", "alert");
		let answer = null;
		const answered = async (given) => {
			if (answer) return; // it is under way
			refused.textContent = "";
			const { done, message } = await (answer = act(given));
			if (done || !dialog.open) return dialog.close();
			answer = null;
			refused.textContent = message;
			refused.scrollIntoView({ block: "nearest" });
		};
		form.append(heading, ...action.fields.flatMap((field) => parts_of(field, words, (value) => answered({ ...values(), [field.name]: value }))));
		if (action.preview) form.append(previewed(new Preview(escalation, action, shown, values), form));
		form.append(refused, choices(dialog, action.fields.every(is_asked) && title, words));
		form.addEventListener("submit", (event) => (event.preventDefault(), answered(values())));
		dialog.addEventListener("close", () => (resolve(answer), dialog.remove()));
		dialog.append(make("style", "", CSS), form);
		document.body.append(dialog);
		dialog.showModal();
	});
}

function previewed(preview, form) {
	form.addEventListener("change", () => preview.draw());
	setTimeout(() => preview.draw()); // the form has its values then
	return preview.element;
}

// Whether there is more to it than buttons.
const is_asked = (field) => !field.likely || other_people(field).length > 1;

function parts_of(field, words, chosen) {
	if (!field.likely) return [labelled(field, words)];
	const people = [make("div", "escalation-label", field.label), likely_people(field, chosen)];
	people[0].setAttribute("aria-hidden", "true"); // the group is called so
	return is_asked(field) ? [...people, labelled({ ...field, label: words.somebody_else }, words)] : people;
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
	const options = field.kind === "person" && field.options.length ? other_people(field) : field.options;
	const input = make(options.length ? "select" : at || field.kind === "person" ? "input" : "textarea");
	if (at) input.type = "datetime-local";
	Object.assign(input, { name: field.name, required: !field.optional });
	if (field.default) input.value = field.default.slice(0, 16);
	input.append(...options.map(({ value, label }) => Object.assign(make("option", "", label), { value })));
	return input;
}

// What ends the dialog; without a title it is answered otherwise.
function choices(dialog, title, words) {
	const cancel = make("button", "", words.cancel);
	Object.assign(cancel, { type: "button", onclick: () => dialog.close() });
	const buttons = make("div", "escalation-actions");
	buttons.append(cancel, ...(title ? [make("button", "escalation-send", title)] : []));
	return buttons;
}
