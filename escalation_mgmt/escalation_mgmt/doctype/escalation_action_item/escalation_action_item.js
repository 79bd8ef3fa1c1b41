// The form of an action item: who has it, what happened, what was sent. Kept fresh by polling, without a flicker.
// In a block, because Desk evaluates the scripts of all forms in one scope.
{
	const ITEM = "Escalation Action Item";
	const POLL = 3000;
	const LATE = 60; // seconds

	frappe.ui.form.on(ITEM, {
		setup(frm) {
			frappe.dom.set_style(CSS, "escalation-action-item");
			frm.get_field("summary").$wrapper.on("click", ".escalation-acknowledge", () => frm.events.acknowledge(frm));
			$(document).on("visibilitychange", () => frm.events.poll(frm));
			setInterval(() => frm.events.poll(frm), POLL);
			frappe.realtime.on("escalation_changed", ({ items }) => {
				if (items.includes(frm.doc.name)) frm.events.poll(frm);
			});
		},

		refresh(frm) {
			frm.disable_save();
			frm.escalation_shown = null;
			frm.events.poll(frm);
		},

		// Not by frappe.call: a server that is away for a moment is no reason for a dialog every few seconds.
		async poll(frm) {
			const name = frm.doc.name;
			if (cur_frm !== frm || document.visibilityState !== "visible" || frm.escalation_asking === name) return;
			frm.escalation_asking = name;
			try {
				const query = new URLSearchParams({ action_item: name });
				const answer = await fetch(`/api/method/escalation_mgmt.api.timeline?${query}`);
				const seen = answer.ok ? (await answer.json()).message : null;
				if (frm.doc.name === name) await frm.events.show(frm, seen, answer.status);
			} catch {
				frm.events.show_stale(frm, 0);
			} finally {
				if (frm.escalation_asking === name) frm.escalation_asking = null;
			}
		},

		async show(frm, seen, status) {
			if (!seen) return frm.events.show_stale(frm, status);
			frm.escalation_seen_at = frappe.datetime.now_datetime();
			frm.get_field("summary").$wrapper.find(".escalation-stale").empty();
			await frm.events.update_fields(frm, seen.version);
			put(frm.get_field("summary").$wrapper, summary_html(frm.doc, seen));
			const shown = JSON.stringify(seen);
			if (frm.escalation_shown === shown) return;
			frm.escalation_shown = shown;
			put(frm.get_field("timeline").$wrapper, timeline_html(seen));
			frm.events.buttons(frm, seen.can_acknowledge);
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

		show_stale(frm, status) {
			const since = frm.escalation_seen_at ? clock_time(frm.escalation_seen_at) : "";
			const text = [401, 403].includes(status)
				? __("You are logged out, or may not see this any more. Reload the page.")
				: __("The server can't be reached. What you see is of {0}.", [since]);
			frm.get_field("summary").$wrapper.find(".escalation-stale").text(text);
		},

		buttons(frm, can_acknowledge) {
			frm.clear_custom_buttons();
			if (can_acknowledge) {
				frm.add_custom_button(__("Acknowledge"), () => frm.events.acknowledge(frm)).addClass("btn-primary");
			}
			frm.add_custom_button(__("Ticket"), () =>
				frappe.set_route("Form", frm.doc.reference_doctype, frm.doc.reference_name)
			);
		},

		async acknowledge(frm) {
			const { message } = await frappe.call({
				method: "escalation_mgmt.api.acknowledge",
				args: { action_item: frm.doc.name },
				freeze: true,
			});
			frappe.show_alert({ message: text(message.message), indicator: message.taken ? "green" : "orange" });
			frm.events.poll(frm);
		},
	});

	const text = (value) => frappe.utils.escape_html(String(value ?? ""));
	const user_time = (value) => (value ? frappe.datetime.str_to_user(value) : "");
	const day = (value) => user_time(value).split(" ")[0];
	const clock_time = (value) => user_time(value).split(" ").slice(1).join(" ");

	// Only what differs is drawn, so that a selection or a press of the button survives a poll.
	const put = ($wrapper, html) => {
		if ($wrapper.data("escalation-html") === html && $wrapper.children().length) return;
		$wrapper.data("escalation-html", html).html(html);
	};

	const when = (value) => {
		const now = frappe.datetime.now_datetime();
		const shown = day(value) === day(now) ? clock_time(value) : user_time(value);
		const seconds = moment(value).diff(moment(now), "seconds");
		if (seconds < -LATE) return __("{0}, which is over: is the dispatcher running?", [shown]);
		if (seconds < 60) return __("{0}, within a minute", [shown]);
		return seconds < 3600 ? __("{0}, in {1} min", [shown, Math.round(seconds / 60)]) : shown;
	};

	const state_of = (doc) => {
		const due = doc.due_at ? when(doc.due_at) : "";
		const by = [doc.acknowledged_by, user_time(doc.acknowledged_at), __(doc.acknowledged_via)];
		if (doc.stalled) return __("Nobody can be reached. It waits for an assignee, a contact or a provider.");
		switch (doc.status) {
			case "Scheduled":
				return __("Nothing was sent yet. The response window ends at {0}.", [due]);
			case "Escalating":
				return __("Step {0} of {1} has run. What follows is due at {2}.", [doc.current_step, doc.step_count, due]);
			case "Snoozed":
				return __("Quiet until {0}.", [due]);
			case "Acknowledged":
				return __("{0} has it since {1} ({2}).", by);
			case "Resolved":
				return [__("The ticket was answered or closed."), doc.acknowledged_by && __("Acknowledged by {0}, {1} ({2}).", by)]
					.filter(Boolean)
					.join(" ");
			case "Exhausted":
				return __("All steps have run, and nobody acknowledged.");
			default:
				return __("Stopped. The history below says why.");
		}
	};

	const summary_html = (doc, { can_acknowledge }) => {
		const ticket = frappe.utils.get_form_link(doc.reference_doctype, doc.reference_name);
		const facts = [doc.priority, doc.team, doc.plan].filter(Boolean).map(text).join(" · ");
		return `<div class="escalation-summary ${can_acknowledge && doc.status !== "Scheduled" ? "urgent" : ""}">
			<div><a href="${text(ticket)}">${__("Ticket")} ${text(doc.reference_name)}</a> · ${facts}</div>
			<div class="escalation-state">${text(state_of(doc))}</div>
			<div class="escalation-stale"></div>
			${can_acknowledge ? `<button class="btn btn-primary escalation-acknowledge">${__("Acknowledge")}</button>` : ""}
		</div>`;
	};

	const EVENT_TONE = {
		"Step Ran": "blue", "Acknowledged": "green", "Resolved": "green", "Unreachable": "red", "Nobody Notified": "red",
		"Exhausted": "red", "Parked": "red", "Failed": "red", "Will Be Retried": "orange", "Outcome Unknown": "orange",
	};
	const MESSAGE_TONE = {
		Queued: "gray", Sending: "blue", Sent: "green", Delivered: "green", Answered: "green", "Not Answered": "orange", Failed: "red", Unknown: "orange", Withdrawn: "gray",
	};

	const timeline_html = ({ events, messages }) => {
		let shown_day = "";
		const lines = events.map((event) => {
			const heading = day(event.at) === shown_day ? "" : `<li class="escalation-day">${text(day(event.at))}</li>`;
			shown_day = day(event.at);
			return `${heading}<li class="${EVENT_TONE[event.kind] || "gray"}">
				<time>${text(clock_time(event.at))}</time><span>${text(event.line)}</span></li>`;
		});
		const sent = messages.map((m) => {
			const notes = [m.possible_duplicate && __("possible duplicate"), m.in_flight && __("was in flight")].filter(Boolean);
			const link = frappe.utils.get_form_link("Escalation Notification", m.name);
			return `<a class="escalation-message" href="${text(link)}">
				<span class="step">${m.purpose === "Page" ? __("Step {0}", [m.step]) : __("News")}</span>
				<span class="method">${text(__(m.method))}</span>
				<span class="to">${text(m.recipient)}</span>
				<span class="state"><span class="indicator-pill ${MESSAGE_TONE[m.status] || "gray"}">${text(__(m.status))}</span></span>
				<time>${text(m.sent_at ? clock_time(m.sent_at) : "")}</time>
				<span class="detail">${text([...notes, m.detail].filter(Boolean).join("; "))}</span>
			</a>`;
		});
		return `<ol class="escalation-timeline">${lines.join("")}</ol>
			<div class="escalation-heading">${__("Messages")}</div>
			<div class="escalation-messages">${sent.join("") || `<div class="text-muted">${__("Nothing was sent yet.")}</div>`}</div>`;
	};

	const CSS = `
		.escalation-summary { margin-bottom: 12px; padding: 12px 16px; border-radius: 8px; background: var(--subtle-fg, var(--bg-color)); border-left: 4px solid var(--border-color); }
		.escalation-summary.urgent { border-left-color: var(--red-500); }
		.escalation-state { font-size: 16px; font-weight: 600; margin-top: 4px; }
		.escalation-stale:not(:empty) { color: var(--red-600); margin-top: 4px; }
		.escalation-summary .escalation-acknowledge { display: none; }
		.escalation-timeline { list-style: none; margin: 0; padding: 0; }
		.escalation-timeline li { display: flex; gap: 12px; padding: 4px 0 4px 12px; border-left: 3px solid var(--border-color); line-height: 1.45; }
		.escalation-timeline li.escalation-day { border-left-color: transparent; padding-left: 0; font-weight: 600; margin-top: 8px; }
		.escalation-timeline li.red { border-left-color: var(--red-500); }
		.escalation-timeline li.orange { border-left-color: var(--orange-500); }
		.escalation-timeline li.green { border-left-color: var(--green-500); }
		.escalation-timeline li.blue { border-left-color: var(--blue-500); }
		.escalation-timeline li.red span, .escalation-timeline li.green span { font-weight: 600; }
		.escalation-timeline time, .escalation-messages time { color: var(--text-muted); white-space: nowrap; font-variant-numeric: tabular-nums; }
		.escalation-timeline span, .escalation-message .detail { min-width: 0; overflow-wrap: anywhere; }
		.escalation-heading { font-weight: 600; margin: 24px 0 8px; }
		.escalation-message { display: grid; grid-template-columns: 64px 120px minmax(100px, 1fr) 96px 80px minmax(0, 2fr); gap: 8px; align-items: baseline;
			padding: 6px 0; border-top: 1px solid var(--border-color); color: inherit; }
		.escalation-message:hover { text-decoration: none; background: var(--fg-hover-color, var(--control-bg)); }
		.escalation-message .detail { color: var(--text-muted); }
		@media (max-width: 767px) {
			.escalation-summary .escalation-acknowledge { display: block; width: 100%; min-height: 64px; margin-top: 12px; font-size: 20px; font-weight: 600; }
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
