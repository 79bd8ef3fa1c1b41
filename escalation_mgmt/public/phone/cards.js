// Escalations as cards, each with what it says and what can be done. Text nodes only: subjects and names were written by others.
(() => {
	const app = (window.escalations ||= {});
	const { words } = (app.given = JSON.parse(document.getElementById("given").textContent));
	const drawn = new Map(); // by item: what its card was drawn of, and the card
	const TODAY = 12 * 3600; // for so many seconds a time of day says enough
	let ahead = 0; // seconds that the server's clock is ahead of this phone's

	app.say = (text, ...parts) => parts.reduce((said, part, i) => said.replace(`{${i}}`, () => part), text);

	app.element = (tag, text = "", cls = "", ...children) => {
		const made = document.createElement(tag);
		if (text) made.dir = "auto"; // what people wrote, in whichever language; what holds others is the page's
		if (cls) made.className = cls;
		made.append(...(text ? [text] : []), ...children);
		return made;
	};

	app.button = (text, cls, press, label = "") => {
		const made = app.element("button", text, cls);
		made.type = "button";
		if (label) made.setAttribute("aria-label", label);
		made.addEventListener("click", () => app.busy(made, press));
		return made;
	};

	app.now = () => Date.now() / 1000 + ahead;
	app.set_clock = (seconds) => (ahead = seconds);

	app.clear = () => {
		drawn.clear();
		document.getElementById("items").replaceChildren();
	};

	// Only what is new is drawn anew: an open choice stays open, what has the focus keeps it.
	app.draw = (items, waiting) => {
		const there = items.map((item) => card(item, waiting.has(item.item)));
		if (!there.length) there.push(app.element("p", words.no_items, "card quiet"));
		for (const item of drawn.keys()) if (!items.some((one) => one.item === item)) drawn.delete(item);
		const box = document.getElementById("items");
		if (there.length !== box.children.length || there.some((one, n) => one !== box.children[n])) box.replaceChildren(...there);
		count();
	};

	function card(item, waits) {
		const made_of = JSON.stringify([item, waits]);
		const known = drawn.get(item.item);
		if (known?.made_of === made_of) return known.card;
		const made = made_anew(item, waits);
		drawn.set(item.item, { made_of, card: made });
		return made;
	}

	function made_anew(item, waits) {
		const { element } = app;
		const tone = item.can_acknowledge ? "urgent" : item.status === "Acknowledged" ? "good" : "";
		const top = element("p", "", "top");
		if (item.priority) top.append(element("span", item.priority, `badge ${item.tone}`));
		top.append(counted("age", "span", { since: item.since }));
		top.append(element("span", [app.say(words.ticket, item.ticket), item.clock].filter(Boolean).join(" · "), "quiet"));
		top.append(counted("quiet", "span", { began: item.since, time: item.since_time, exact: item.since_shown }));
		const made = element("article", "", `card ${tone}`, top, element("h2", item.subject, "subject"), element("p", item.state, "state"));
		made.append(facts(item));
		if (waits) made.append(element("p", words.waiting_card, "warn waits"));
		else if (item.can_acknowledge) {
			const label = `${words.acknowledge}: ${item.subject}`;
			made.append(app.button(words.acknowledge, "take", () => app.press(item, "acknowledge"), label));
		}
		made.append(element("div", "", "more", ...item.offers.filter(({ what }) => what !== "acknowledge").map((offer) => offered(item, offer)), ...open(item)));
		return made;
	}

	function counted(cls, tag, data) {
		const made = app.element(tag, "", cls);
		made.dir = "auto";
		Object.assign(made.dataset, data);
		return made;
	}

	function facts(item) {
		const list = app.element("dl");
		const add = (name, value) => list.append(app.element("dt", name), value);
		if (item.next) {
			// It counts on by itself, and is read out only to who comes to it: a timer's changes aren't announced.
			const next = counted("next", "span", { next: item.next, due: item.due, at: item.next_at ?? "" });
			next.setAttribute("role", "timer");
			next.setAttribute("aria-live", "off");
			add(words.next, app.element("dd", "", "", next));
		}
		if (item.told.length) {
			const people = item.told.map(({ name, messages }) => {
				const line = app.element("li", "", "", app.element("b", name), ": ");
				messages.forEach(({ text, at, exact }, n) => {
					const one = counted("", "time", { text, sent: at });
					one.title = exact;
					line.append(n ? ", " : "", one);
				});
				return line;
			});
			if (item.others) people.push(app.element("li", item.others));
			add(words.told, app.element("dd", "", "", app.element("ul", "", "", ...people)));
		}
		return list;
	}

	function offered(item, { what, label, minutes, why_not }) {
		const of = `${label}: ${item.subject}`;
		if (why_not) return app.element("p", why_not, "quiet wide");
		if (!minutes.length) return app.button(label, "wide", () => app.press(item, what), of);
		const choice = (each) => app.button(app.say(words.minutes, each), "", () => app.press(item, what, each), `${of}, ${app.say(words.minutes, each)}`);
		return app.element("details", "", "", app.element("summary", label), app.element("div", "", "times", ...minutes.map(choice)));
	}

	function open(item) {
		if (!item.url) return [];
		const link = app.element("a", words.open, "open wide");
		link.href = item.url;
		link.setAttribute("aria-label", `${words.open}: ${item.subject}`);
		return [link];
	}

	// --- times, counted on here

	function how_long(seconds, to_the_second = false) {
		const minutes = Math.floor(seconds / 60);
		const hours = Math.floor(minutes / 60);
		if (minutes < 60) {
			if (to_the_second) return app.say(words.seconds, minutes, Math.floor(seconds % 60));
			return app.say(words.minutes, minutes);
		}
		if (hours < 24) return app.say(words.hours, hours, minutes % 60);
		return app.say(words.days, Math.floor(hours / 24), hours % 24);
	}

	app.ago = (seconds) => {
		if (seconds < 60) return words.just_now;
		if (seconds < 3600) return app.say(words.minutes_ago, Math.floor(seconds / 60));
		if (seconds < 86400) return app.say(words.hours_ago, Math.floor(seconds / 3600));
		return app.say(words.days_ago, Math.floor(seconds / 86400));
	};

	function put(element, text) {
		if (element.textContent !== text) element.textContent = text;
	}

	function count() {
		const now = app.now();
		for (const element of document.querySelectorAll("#items [data-since]")) {
			const old = now - element.dataset.since;
			put(element, old < 60 ? words.just_now : how_long(old));
		}
		for (const element of document.querySelectorAll("#items [data-began]"))
			put(element, app.say(words.since, now - element.dataset.began < TODAY ? element.dataset.time : element.dataset.exact));
		for (const element of document.querySelectorAll("#items [data-sent]"))
			put(element, element.dataset.text.replace("{ago}", () => app.ago(now - element.dataset.sent)));
		for (const element of document.querySelectorAll("#items [data-next]")) {
			const { next, due, at } = element.dataset;
			const left = at - now;
			put(element, !at ? next : left > 0 ? next.replace("{time}", () => how_long(left, true)) : due);
		}
	}

	setInterval(count, 1000);
})();
