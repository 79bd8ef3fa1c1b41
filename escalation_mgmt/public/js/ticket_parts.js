// Parts of a ticket's line and its dialogs that Desk and Helpdesk's agent page show alike: what was sent to whom, what was before;
// likely people, what an action would do.

export function make(tag, name = "", text = "") {
	const element = document.createElement(tag);
	if (name) element.className = name;
	element.textContent = text;
	return element;
}

// A text that may hold what people wrote, in whichever direction.
export function of_people(element) {
	element.dir = "auto";
	return element;
}

export const item_link = (item, text) =>
	Object.assign(make("a", "", text), { href: `/app/escalation-action-item/${encodeURIComponent(item)}` });

const made_of = new WeakMap();

// Fill an element, unless it was filled of the same: then what stands there stays, so that nothing is spoken again and an open
// menu stays open. Whether it was filled.
export function put(element, key, nodes) {
	const text = JSON.stringify(key);
	if (made_of.get(element) === text) return false;
	made_of.set(element, text);
	element.replaceChildren(...nodes());
	return true;
}

// "Sent: Tina Tech: push 3 min ago, SMS 1 min ago", into `element`; each time counts on by `count_ages`.
export function put_sent(element, sent, words) {
	element.hidden = !sent?.people.length;
	put(element, sent || null, () => {
		if (element.hidden) return [];
		const others = sent.others ? [make("li", "", sent.others)] : [];
		const list = make("ul");
		list.append(...sent.people.map(person), ...others);
		return [make("span", "escalation-label", words.sent), list];
	});
}

function person({ name, messages }) {
	const element = make("li");
	element.append(of_people(make("b", "", name)), ": ");
	messages.forEach((each, n) => element.append(n ? ", " : "", message(each)));
	return element;
}

function message({ text, at, exact, tone }) {
	const element = Object.assign(make("time"), { dateTime: new Date(1000 * at).toISOString(), title: exact });
	Object.assign(element.dataset, { text, at, tone });
	return element;
}

// Say how long ago each message was; `now` in seconds of Unix time, by the server's clock.
export function count_ages(element, now, words) {
	for (const time of element.querySelectorAll("time[data-at]")) {
		const text = time.dataset.text.replace("{ago}", () => ago(now - time.dataset.at, words));
		if (time.textContent !== text) time.textContent = text;
	}
}

// How long ago, in words; `words` as the server says them.
export function ago(seconds, words) {
	if (seconds < 60) return words.just_now;
	if (seconds < 3600) return words.minutes_ago.replace("{0}", Math.floor(seconds / 60));
	if (seconds < 86400) return words.hours_ago.replace("{0}", Math.floor(seconds / 3600));
	return words.days_ago.replace("{0}", Math.floor(seconds / 86400));
}

// The escalations before, folded away into `element`, a <details>.
export function put_earlier(element, earlier, target = "") {
	element.hidden = !earlier?.items?.length;
	put(element, earlier || null, () => {
		if (element.hidden) return [];
		const list = make("ul");
		list.append(...earlier.items.map((each) => ended(each, target)), ...(earlier.more ? [make("li", "", earlier.more)] : []));
		return [make("summary", "", earlier.title), list];
	});
}

function ended({ item, status, plan, at, line }, target) {
	const element = make("li");
	const what = [status, plan, at].filter(Boolean).map((text) => of_people(make("span", "", text)));
	element.append(Object.assign(item_link(item, item), { target }), ...what.flatMap((part) => [" · ", part]), " · ");
	element.append(of_people(make("span", "", line)));
	return element;
}

// The likeliest people, a button each that answers; null where none is likely. `chosen(value)` is called with whom it is.
export function likely_people(field, chosen) {
	if (!field.likely) return null;
	const group = make("div", "escalation-people");
	group.setAttribute("role", "group");
	group.setAttribute("aria-label", field.label);
	for (const { value, label } of field.options.slice(0, field.likely)) {
		const button = of_people(make("button", "", label));
		Object.assign(button, { type: "button", onclick: () => chosen(value) });
		button.dataset.person = value;
		group.append(button);
	}
	return group;
}

// Whom a list offers: those who have no button, and at first nobody.
export const other_people = (field) => [{ value: "", label: "" }, ...field.options.slice(field.likely)];

// What an action would do, kept up with what is chosen: `values()` says what that is. It is spoken when it changes.
export class Preview {
	constructor(escalation, action, shown, values) {
		Object.assign(this, { escalation, action, shown, values });
		this.element = make("section", "escalation-preview");
		this.element.setAttribute("role", "status");
		this.element.setAttribute("aria-label", shown.words.what_it_does);
	}

	async draw() {
		const values = this.values();
		const asked = (this.asked = JSON.stringify(values));
		const found = await this.escalation.preview(this.action, values, this.shown);
		if (this.asked !== asked) return; // something else was chosen meanwhile
		const notes = [...(found.notes || []), ...(found.error ? [found.error] : [])];
		this.element.replaceChildren(
			make("h3", "", this.shown.words.what_it_does),
			...notes.map((note) => of_people(make("p", "escalation-preview-note", note))),
			...(found.rungs ? [ladder(found.rungs)] : []),
		);
	}
}

function ladder(rungs) {
	const list = make("ol", "escalation-preview-ladder");
	for (const { at, steps, line } of rungs) {
		const rung = make("li");
		const what = make("div");
		what.append(...(steps.length ? steps.map(step) : [of_people(make("div", "escalation-preview-end", line))]));
		rung.append(make("b", "", at), what);
		list.append(rung);
	}
	return list;
}

function step({ number, line, to, missed }) {
	const element = make("div");
	element.append(of_people(make("div", "", `${number}. ${line}${to ? `: ${to}` : ""}`)));
	element.append(...missed.map((words) => of_people(make("div", "escalation-preview-missed", words))));
	return element;
}
