// The form of an action item: who has it, what comes next and when, what happened, what is planned, what was sent.
// Kept fresh by polling, without a flicker. In a block, because Desk evaluates the scripts of all forms in one scope.
{
	const ITEM = "Escalation Action Item";
	const LATEST = 30; // lines of the history, unless all are asked for
	const LATE = 60000; // milliseconds
	const STALE = '<div class="escalation-stale" role="alert"></div>';
	const PLANNED_AGAIN = 60000; // milliseconds; people and calendars change without a sign

	frappe.ui.form.on(ITEM, {
		setup(frm) {
			frappe.dom.set_style(CSS, "escalation-action-item");
			frm.get_field("summary").$wrapper.on("click", "[data-action]", (event) => frm.events.act(frm, event.currentTarget.dataset.action));
			frm.get_field("timeline").$wrapper.on("click", ".escalation-earlier", () => frm.events.show_all(frm));
			frappe.realtime.on("escalation_changed", ({ items }) => {
				if (items.includes(frm.doc.name)) frm.escalation?.poll();
			});
			// Forms stay in Desk's memory when they are left.
			frappe.router.on("change", () => {
				const [view, doctype, name] = frappe.get_route();
				if (view !== "Form" || doctype !== ITEM || name !== frm.escalation?.name) frm.events.leave(frm);
			});
		},

		refresh(frm) {
			frm.disable_save();
			if (frm.escalation?.name === frm.doc.name) return frm.escalation.poll();
			frm.events.leave(frm);
			// Also where nothing else can be shown, it says why.
			frm.get_field("summary").$wrapper.html(STALE).removeData("escalation-html");
			frm.get_field("timeline").$wrapper.empty().removeData("escalation-html");
			frm.escalation = new escalation_mgmt.ItemEscalation(frm.doc.reference_doctype, frm.doc.name, {
				draw: (state) => state && frm.events.draw(frm, state),
				count: (words) => frm.events.count(frm, words),
				heard: (status) => frm.events.heard(frm, status),
			});
		},

		leave(frm) {
			frm.escalation?.close();
			Object.assign(frm, { escalation: null, escalation_seen_at: null, escalation_planned: null, escalation_all: false });
		},

		async draw(frm, state) {
			const escalation = frm.escalation;
			await frm.events.update_fields(frm, state.version);
			if (frm.escalation !== escalation) return;
			put(frm.get_field("summary").$wrapper, summary_html(frm.doc, state));
			frm.events.draw_timeline(frm);
			escalation.tick();
			frm.events.ask_what_is_planned(frm, true);
		},

		draw_timeline(frm) {
			const { state } = frm.escalation;
			if (!state) return; // taken away meanwhile: `heard` says so
			put(frm.get_field("timeline").$wrapper, timeline_html(state, frm.escalation_planned, frm.escalation_all));
		},

		async ask_what_is_planned(frm, changed) {
			const escalation = frm.escalation;
			if (!changed && performance.now() - frm.escalation_planned_at < PLANNED_AGAIN) return;
			frm.escalation_planned_at = performance.now();
			const query = new URLSearchParams({ action_item: escalation.name });
			const answer = await fetch(`/api/method/escalation_mgmt.api.planned?${query}`).catch(() => null);
			if (!answer?.ok || frm.escalation !== escalation) return;
			frm.escalation_planned = (await answer.json()).message;
			frm.events.draw_timeline(frm);
		},

		// Each second.
		count(frm, words) {
			const late = frm.escalation.due !== null && performance.now() - frm.escalation.due > LATE;
			const shown = late ? `${words}: ${__("is the dispatcher running?")}` : words;
			const $next = frm.get_field("summary").$wrapper.find(".escalation-next");
			if ($next.text() !== shown) $next.text(shown);
			frm.events.ask_what_is_planned(frm, false);
		},

		heard(frm, status) {
			let stale = "";
			if (status === 200) frm.escalation_seen_at = frappe.datetime.now_datetime();
			else if ([401, 403, 404].includes(status)) stale = __("You are logged out, or may not see this any more. Reload the page.");
			else if (frm.escalation_seen_at) stale = __("The server can't be reached. What you see is of {0}.", [clock_time(frm.escalation_seen_at)]);
			else stale = __("The server can't be reached.");
			frm.get_field("summary").$wrapper.find(".escalation-stale").text(stale);
		},

		// The fields alone: reloading the form would lose the place where somebody is reading.
		async update_fields(frm, version) {
			if (parseInt(version) === frm.doc.version) return;
			const doc = await frappe.db.get_doc(ITEM, frm.doc.name);
			if (doc.name !== frm.doc.name) return;
			Object.assign(frm.doc, doc);
			frm.refresh_fields();
			frm.toolbar.set_indicator();
		},

		async act(frm, name) {
			const action = frm.escalation.state?.actions.find((each) => each.name === name);
			if (!action || frm.escalation_acting) return;
			frm.escalation_acting = !action.fields.length; // a second tap while the first is on its way
			await escalation_mgmt.run_action(frm, action).finally(() => (frm.escalation_acting = false));
		},

		show_all(frm) {
			frm.escalation_all = true;
			frm.events.draw_timeline(frm);
		},
	});

	const RUNNING = ["Scheduled", "Escalating", "Snoozed", "Acknowledged"];
	const text = (value) => frappe.utils.escape_html(String(value ?? ""));
	const user_time = (value) => (value ? frappe.datetime.str_to_user(value) : "");
	const day = (value) => user_time(value).split(" ")[0];
	const clock_time = (value) => user_time(value).split(" ").slice(1).join(" ");

	// Only what differs is drawn, so that a selection or a press of the button survives a poll.
	const put = ($wrapper, html) => {
		if ($wrapper.data("escalation-html") === html && $wrapper.children().length) return;
		$wrapper.data("escalation-html", html).html(html);
	};

	const summary_html = (doc, state) => {
		const ticket = frappe.utils.get_form_link(doc.reference_doctype, doc.reference_name);
		const facts = [doc.priority, doc.team, doc.plan].filter(Boolean).map(text).join(" · ");
		const urgent = state.can_acknowledge && state.state !== "Scheduled";
		const newer = state.latest && frappe.utils.get_form_link(ITEM, state.latest);
		const buttons = state.actions.map(
			({ name, label }) => `<button type="button" class="btn ${name === "acknowledge" ? "btn-primary escalation-acknowledge" : "btn-default"}" data-action="${text(name)}">${text(label)}</button>`
		);
		return `<div class="escalation-summary ${urgent ? "urgent" : ""}">
			<div><a href="${text(ticket)}">${__("Ticket")} ${text(doc.reference_name)}</a> · ${facts}</div>
			${doc.ticket_subject ? `<div class="escalation-subject" dir="auto">${text(doc.ticket_subject)}</div>` : ""}
			<div class="escalation-state">${text(state.headline)}</div>
			<div class="escalation-next"></div>
			${newer ? `<div>${__("The ticket has a newer escalation: {0}", [`<a href="${text(newer)}">${text(state.latest)}</a>`])}</div>` : ""}
			${STALE}
			${buttons.length ? `<div class="escalation-actions">${buttons.join("")}</div>` : ""}
		</div>`;
	};

	const EVENT_TONE = {
		"Step Ran": "blue", "Acknowledged": "green", "Resolved": "green", "Unreachable": "red", "Nobody Notified": "red",
		"Exhausted": "red", "Parked": "red", "Failed": "red", "Will Be Retried": "orange", "Outcome Unknown": "orange",
	};
	const MESSAGE_TONE = {
		Queued: "gray", Sending: "blue", Sent: "green", Delivered: "green", Answered: "green", "Not Answered": "orange", Failed: "red", Unknown: "orange", Withdrawn: "gray",
	};

	const day_by_day = () => {
		let shown = "";
		return (at, html) => {
			const heading = day(at) === shown ? "" : `<li class="escalation-day">${text(day(at))}</li>`;
			shown = day(at);
			return heading + html;
		};
	};

	const missed = ({ kind, to, method }) => kind === "Unreachable" || (kind === "Step Ran" && !to) || (kind === "Notice" && !method);

	const what_follows = ({ state }, to_come) => {
		if (!to_come.length) return __("Nothing more is planned as things stand.");
		if (state === "Acknowledged") return __("What follows is planned, if nothing happens on the ticket.");
		return __("What follows is planned, if nobody acknowledges or answers.");
	};

	const timeline_html = ({ events, messages, ...state }, planned, all) => {
		const dated = day_by_day();
		const hidden = all ? 0 : Math.max(0, events.length - LATEST);
		const happened = events.slice(hidden).map((event) =>
			dated(event.at, `<li class="${EVENT_TONE[event.kind] || "gray"}"><time>${text(clock_time(event.at))}</time><span>${text(event.line)}</span></li>`)
		);
		const earlier = hidden ? `<li><button type="button" class="btn btn-default btn-sm escalation-earlier">${__("Show {0} earlier lines", [hidden])}</button></li>` : "";
		const to_come = (planned?.lines || []).map((line) =>
			dated(line.at, `<li class="planned ${missed(line) ? "red" : ""}"><time>${text(clock_time(line.at))}</time>
				<span>${text(line.line)} ${line.remedy ? escalation_mgmt.remedy_link(line.remedy) : ""}</span></li>`)
		);
		const more = planned?.more ? `<li class="planned"><time></time><span>${__("and so on")}</span></li>` : "";
		const now = RUNNING.includes(state.state)
			? `<li class="escalation-now"><time>${__("Now")}</time><span>${text(what_follows(state, to_come))}</span></li>`
			: "";
		const sent = messages.map((m) => {
			const notes = [m.possible_duplicate && __("possible duplicate"), m.in_flight && __("was in flight")].filter(Boolean);
			const link = frappe.utils.get_form_link("Escalation Notification", m.name);
			return `<a class="escalation-message" href="${text(link)}">
				<span class="step">${m.purpose === "Page" ? __("Step {0}", [m.step]) : __("Notice")}</span>
				<span class="method">${text(__(m.method))}</span>
				<span class="to" dir="auto">${text(m.recipient)}</span>
				<span class="state"><span class="indicator-pill ${MESSAGE_TONE[m.status] || "gray"}">${text(__(m.status))}</span></span>
				<time>${text(m.sent_at ? clock_time(m.sent_at) : "")}</time>
				<span class="detail" dir="auto">${text([...notes, m.detail].filter(Boolean).join("; "))}</span>
			</a>`;
		});
		return `<ol class="escalation-timeline">${earlier}${happened.join("")}${planned ? now : ""}${to_come.join("")}${more}</ol>
			<div class="escalation-heading">${__("Messages")}</div>
			<div class="escalation-messages">${sent.join("") || `<div class="text-muted">${__("Nothing was sent yet.")}</div>`}</div>`;
	};

	const CSS = `
		.escalation-summary { overflow-wrap: anywhere; margin-bottom: 12px; padding: 12px 16px; border-radius: 8px; background: var(--subtle-fg, var(--bg-color)); border-left: 4px solid var(--border-color); }
		.escalation-summary.urgent { border-left-color: var(--red-500); }
		.escalation-state { font-size: 16px; font-weight: 600; margin-top: 4px; }
		.escalation-stale:not(:empty) { color: var(--red-600); margin-top: 4px; }
		.escalation-summary a { text-decoration: underline; }
		.escalation-next { font-variant-numeric: tabular-nums; }
		.escalation-actions { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
		.escalation-actions .btn { border: 1px solid var(--border-color); }
		.escalation-actions .btn-default { background: var(--card-bg, var(--fg-color)); }
		.escalation-timeline { list-style: none; margin: 0; padding: 0; }
		.escalation-timeline li { display: flex; gap: 12px; padding: 4px 0 4px 12px; border-left: 3px solid var(--border-color); line-height: 1.45; }
		.escalation-timeline li.escalation-day { border-left-color: transparent; padding-left: 0; font-weight: 600; margin-top: 8px; }
		.escalation-timeline li.red { border-left-color: var(--red-500); }
		.escalation-timeline li.orange { border-left-color: var(--orange-500); }
		.escalation-timeline li.green { border-left-color: var(--green-500); }
		.escalation-timeline li.blue { border-left-color: var(--blue-500); }
		.escalation-timeline li.red span, .escalation-timeline li.green span { font-weight: 600; }
		.escalation-timeline li.planned { border-left-style: dashed; color: var(--text-muted); }
		.escalation-timeline li.planned.red { color: var(--red-600); }
		.escalation-timeline li.escalation-now { border-left-color: transparent; border-top: 2px solid var(--primary); margin-top: 8px; padding-top: 8px; }
		.escalation-timeline li.escalation-now time, .escalation-timeline li.escalation-now span { color: inherit; font-weight: 600; }
		.escalation-timeline time, .escalation-messages time { color: var(--text-muted); white-space: nowrap; font-variant-numeric: tabular-nums; }
		.escalation-timeline span, .escalation-message .to, .escalation-message .detail { min-width: 0; overflow-wrap: anywhere; }
		.escalation-heading { font-weight: 600; margin: 24px 0 8px; }
		.escalation-message { display: grid; grid-template-columns: 64px 120px minmax(100px, 1fr) 96px 80px minmax(0, 2fr); gap: 8px; align-items: baseline;
			padding: 6px 0; border-top: 1px solid var(--border-color); color: inherit; }
		.escalation-message:hover { text-decoration: none; background: var(--fg-hover-color, var(--control-bg)); }
		.escalation-message .detail { color: var(--text-muted); }
		@media (max-width: 767px) {
			.escalation-actions { gap: 12px; }
			.escalation-actions .btn { flex: 1 1 40%; min-height: 48px; }
			.escalation-summary .escalation-acknowledge { flex-basis: 100%; min-height: 64px; font-size: 20px; font-weight: 600; }
			.escalation-timeline { font-size: 15px; }
			.escalation-message { grid-template-columns: auto auto 1fr auto; font-size: 15px; }
			.escalation-message .step, .escalation-message .method, .escalation-message time { color: var(--text-muted); }
			.escalation-message .to { grid-column: 1 / 4; grid-row: 1; font-weight: 600; }
			.escalation-message .state { grid-column: 4; grid-row: 1; }
			.escalation-message .detail { grid-column: 1 / -1; font-size: 13px; }
			.escalation-message .detail:empty { display: none; }
		}
	`;
}
