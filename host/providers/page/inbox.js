// Shows what arrives. Messages are strangers' words: they become text nodes, never markup.
"use strict";

const EVERY = 1000; // ms between two looks
const NEWEST = 200; // what a phone can hold

const list = document.getElementById("messages");
const state = document.getElementById("state");
const empty = document.getElementById("empty");
let run = null;
let last = 0;

function element(tag, properties = {}, ...children) {
	const made = Object.assign(document.createElement(tag), properties);
	made.append(...children);
	return made;
}

function link(address) {
	const verb = element("span", { className: "verb", textContent: "Open" });
	const where = element("span", { className: "address", textContent: address.replace(/^https?:\/\//, "") });
	const anchor = element("a", { target: "_blank", rel: "noopener noreferrer", title: address }, verb, where);
	// The server lists http(s) only; a page that shows strangers' links looks itself.
	if (/^https?:\/\//i.test(address)) anchor.href = address;
	return element("li", {}, anchor);
}

function folded(title, text) {
	return element(
		"details",
		{},
		element("summary", { textContent: title }),
		element("pre", { textContent: text })
	);
}

function facts(message) {
	const received = new Date(message.received_at);
	const line = element(
		"p",
		{ className: "facts" },
		element("span", { className: "method", textContent: message.method }),
		element("span", { textContent: `to ${message.to}` })
	);
	if (message.verified !== null) {
		const words = message.verified ? "✓ signature valid" : "✗ signature bad: refused";
		line.append(element("span", { className: "mark", textContent: words }));
	}
	line.append(
		element("time", {
			dateTime: message.received_at,
			title: received.toLocaleString(),
			textContent: received.toLocaleTimeString(),
		})
	);
	return line;
}

function button(label, press, className = "") {
	return element("button", { type: "button", textContent: label, className, onclick: press });
}

async function post(address, body) {
	const answer = await fetch(address, {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify(body || {}),
	});
	if (!answer.ok) throw new Error(await answer.text());
	return answer.json();
}

// A phone that rings: it can be taken, listened to and answered with a key.
function phone(sid) {
	const status = element("p", { className: "status" });
	status.setAttribute("role", "status");
	const said = element("p", { className: "text said" });
	const keys = element("div", { className: "keys" });
	const made = element("div", { className: "phone" }, status, said, keys);
	let shown = "";

	const act = (name) => async () => {
		for (const each of keys.children) each.disabled = true;
		try {
			draw(await post(`/api/calls/${sid}/${encodeURIComponent(name)}`));
		} catch (error) {
			status.textContent = error.message;
		}
	};

	function draw(call) {
		const now = JSON.stringify(call);
		if (now === shown) return;
		shown = now;
		status.textContent = call.rings ? "It rings…" : call.asks ? "It waits for a key." : `The call: ${call.status}`;
		said.textContent = call.said.join("\n");
		keys.replaceChildren();
		if (call.rings) {
			keys.append(button("Answer", act("answer"), "take"));
			keys.append(button("Decline", act("decline")), button("Let the machine take it", act("machine")));
		} else if (call.asks) {
			for (const key of "123456789*0#") keys.append(button(key, act(key), "key"));
			keys.append(button("Hang up", act("hang-up")));
		}
	}

	async function look() {
		const answer = await fetch(`/api/calls/${sid}`);
		if (!answer.ok) return; // of an earlier run
		const call = await answer.json();
		draw(call);
		if (made.isConnected && (call.rings || call.asks || call.status === "in-progress")) setTimeout(look, EVERY);
	}
	setTimeout(look, 0);
	return made;
}

// An SMS can be replied to, as on a phone.
function reply(message) {
	const text = element("input", { type: "text", placeholder: "Reply, such as 1", autocomplete: "off" });
	text.setAttribute("aria-label", `Reply from ${message.to}`);
	const send = button("Send", async () => {
		send.disabled = true;
		try {
			const answer = await post("/api/sms", { from: message.to, to: message.sender, body: text.value });
			text.value = "";
			note.textContent = answer.replies.length ? "Sent; the answer is in the list." : "Sent; no answer.";
		} catch (error) {
			note.textContent = error.message;
		}
		send.disabled = false;
	});
	text.addEventListener("keydown", (event) => {
		if (event.key === "Enter") send.click();
	});
	const note = element("p", { className: "status" });
	note.setAttribute("role", "status");
	return element("div", { className: "reply" }, text, send, note);
}

const columns = [];

// Where there is room, each method has a column of its own.
function place(made, method) {
	if (!columns.includes(method)) {
		columns.push(method);
		list.style.setProperty("--columns", columns.length);
		list.classList.toggle("wide", columns.length > 1);
		document.body.style.setProperty("--columns", columns.length);
	}
	made.style.setProperty("--column", columns.indexOf(method) + 1);
}

function card(message) {
	const made = element("li", { className: "message" }, facts(message));
	made.dataset.seq = message.seq;
	place(made, message.method);
	if (message.verified === false) made.classList.add("forged");
	if (message.subject) made.append(element("h2", { textContent: message.subject }));
	if (message.text && !message.html) {
		made.append(element("p", { className: "text", textContent: message.text.trim() }));
	}
	if (message.body !== null) {
		made.append(element("pre", { textContent: JSON.stringify(message.body, null, 2) }));
	}
	if (message.links.length) {
		made.append(element("ul", { className: "links" }, ...message.links.map(link)));
	}
	if (message.method === "Phone Call") made.append(phone(message.id));
	if (message.method === "SMS" && message.sender && message.id !== "reply") made.append(reply(message));
	if (message.html) {
		const frame = element("iframe", { title: `Mail: ${message.subject}`, loading: "lazy" });
		frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
		frame.src = `/messages/${message.seq}/html`;
		made.append(frame);
		if (message.text) made.append(folded("As plain text", message.text.trim()));
	}
	const headers = Object.entries(message.headers).map(([name, value]) => `${name}: ${value}`);
	if (headers.length) made.append(folded("Headers", headers.join("\n")));
	return made;
}

function show(answer) {
	if (answer.run !== run) {
		// Another process, whose numbers start anew.
		list.replaceChildren();
		run = answer.run;
	}
	last = answer.last;
	for (const old of [...list.children]) {
		if (Number(old.dataset.seq) < answer.first) old.remove();
	}
	for (const message of answer.messages) {
		if (!list.querySelector(`[data-seq="${message.seq}"]`)) list.prepend(card(message));
	}
	while (list.children.length > NEWEST) list.lastElementChild.remove();
	const kept = answer.last - answer.first + 1;
	const shown = list.children.length;
	const words = `${kept} message${kept === 1 ? "" : "s"}${shown < kept ? `, the newest ${shown} shown` : ""}`;
	// A screen reader is told only when something changed.
	if (state.textContent !== words) state.textContent = words;
	state.classList.remove("lost");
	document.title = kept ? `(${kept}) Inbox` : "Inbox";
	empty.hidden = kept > 0;
}

async function look() {
	const ask = (since) => fetch(`/api/messages?since=${since}&limit=${NEWEST}`).then((response) => response.json());
	try {
		let answer = await ask(last);
		if (run !== null && answer.run !== run) answer = await ask(0);
		show(answer);
	} catch {
		state.textContent = "No connection. Trying again…";
		state.classList.add("lost");
	}
}

async function watch() {
	if (!document.hidden) await look();
	setTimeout(watch, EVERY);
}

document.getElementById("clear").addEventListener("click", async () => {
	try {
		await fetch("/api/messages", { method: "DELETE" });
	} catch {
		// The next look says that there is no connection.
	}
	await look();
});
watch();
