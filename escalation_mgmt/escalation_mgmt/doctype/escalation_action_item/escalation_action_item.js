// The form of an action item: who has it, what comes next and when, what happened, what is planned, what was sent.
// Kept fresh by polling, without a flicker. In a block, because Desk evaluates the scripts of all forms in one scope.
{
	const { ask_quietly, clock_time, item_messages, item_picture, item_status, item_summary, item_timeline, ItemEscalation } = escalation_mgmt;
	const { pictured_html, redraw, run_action, STALE_LINE } = escalation_mgmt;
	const ITEM = "Escalation Action Item";
	const LATE = 60000; // milliseconds
	const PLANNED_AGAIN = 60000; // milliseconds; people and calendars change without a sign

	frappe.ui.form.on(ITEM, {
		setup(frm) {
			frappe.meta.docfield_map[ITEM].status.formatter = item_status;
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
			frm.get_field("summary").$wrapper.html(STALE_LINE).removeData("escalation-html");
			frm.get_field("timeline").$wrapper.empty();
			frm.events.speaker(frm).text("");
			const hooks = {
				draw: (state) => state && frm.events.draw(frm, state),
				count: (words) => frm.events.count(frm, words),
				heard: (status) => frm.events.heard(frm, status),
			};
			frm.escalation = new ItemEscalation(frm.doc.reference_doctype, frm.doc.name, hooks, frm.doc.reference_name);
		},

		leave(frm) {
			frm.escalation?.close();
			Object.assign(frm, { escalation: null, escalation_seen_at: null, escalation_planned: null, escalation_all: false });
		},

		async draw(frm, state) {
			const escalation = frm.escalation;
			await frm.events.update_fields(frm, state.version);
			if (frm.escalation !== escalation) return;
			redraw(frm.get_field("summary").$wrapper, item_summary(frm.doc, state));
			const spoken = `${state.status}. ${state.headline}`;
			if (frm.events.speaker(frm).text() !== spoken) frm.events.speaker(frm).text(spoken);
			frm.events.draw_timeline(frm);
			escalation.tick();
			frm.events.ask_what_is_planned(frm, true);
		},

		// Speaks when the state changes. It stays where it is while the rest is drawn anew, else it would speak twice or not at all.
		speaker(frm) {
			const $summary = frm.get_field("summary").$wrapper;
			if (!$summary.prev(".escalation-speaker").length) $summary.before("<div class='sr-only escalation-speaker' role='status'></div>");
			return $summary.prev(".escalation-speaker");
		},

		draw_timeline(frm) {
			const { state } = frm.escalation;
			if (!state) return; // taken away meanwhile: `heard` says so
			const $wrapper = frm.get_field("timeline").$wrapper;
			if (!$wrapper.children().length) $wrapper.html(`${pictured_html("", "")}<div class="escalation-messages-place"></div>`);
			redraw($wrapper.find(".escalation-picture-place"), item_picture(state, frm.escalation_planned));
			redraw($wrapper.find(".escalation-words-place"), item_timeline(state, frm.escalation_planned, frm.escalation_all));
			redraw($wrapper.find(".escalation-messages-place"), item_messages(state));
		},

		async ask_what_is_planned(frm, changed) {
			const escalation = frm.escalation;
			if (!changed && performance.now() - frm.escalation_planned_at < PLANNED_AGAIN) return;
			frm.escalation_planned_at = performance.now();
			const planned = await ask_quietly("escalation_mgmt.api.planned", { action_item: escalation.name });
			if (!planned || frm.escalation !== escalation) return;
			frm.escalation_planned = planned;
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

		// After each question, with the answer's status.
		heard(frm, status) {
			if (status === 200) frm.escalation_seen_at = frappe.datetime.now_datetime();
			frm.get_field("summary").$wrapper.find(".escalation-stale").text(why_stale(status, frm.escalation_seen_at));
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
			await run_action(frm, action).finally(() => (frm.escalation_acting = false));
		},

		show_all(frm) {
			frm.escalation_all = true;
			frm.events.draw_timeline(frm);
		},
	});

	// Why what is shown may be old; empty where it isn't.
	const why_stale = (status, seen_at) => {
		if (status === 200) return "";
		if ([401, 403, 404].includes(status)) return __("You are logged out, or may not see this any more. Reload the page.");
		if (seen_at) return __("The server can't be reached. What you see is of {0}.", [clock_time(seen_at)]);
		return __("The server can't be reached.");
	};
}
