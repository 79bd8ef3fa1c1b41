// The rehearsal of a plan, as it stands on the screen: who would be reached, when and how; who can't be, and the remedy.
frappe.provide("escalation_mgmt");
{
	const text = (value) => frappe.utils.escape_html(String(value ?? ""));

	const TICKET_FIELDS = [
		["priority", __("Priority"), "priority"],
		["team", __("Team"), "team"],
		["ticket_type", __("Type"), "ticket_type"],
	];
	const RESPONSES = () => [
		{ value: "never", label: __("Nobody acknowledges") },
		{ value: "message", label: __("A message is acknowledged") },
		{ value: "everyone", label: __("All acknowledge, from a message on") },
		{ value: "answered", label: __("An agent replies") },
	];

	escalation_mgmt.rehearse = async (frm) => {
		frappe.dom.set_style(CSS, "escalation-rehearsal");
		const { message: choices } = await frappe.call({
			method: "escalation_mgmt.api.plan_choices",
			args: { doctype: frm.doc.reference_doctype || "" },
			type: "GET",
		});
		const hypothetical = "eval:!doc.ticket";
		const zone = frappe.boot.time_zone?.system || frappe.boot.sysdefaults?.time_zone || __("the site's time zone");
		let asked = 0;
		let shown = false;
		let waiting;
		const dialog = new frappe.ui.Dialog({
			title: __("Rehearse {0}", [frappe.ellipsis(frm.doc.title || __("the plan"), 40)]),
			size: "extra-large",
			fields: [
				{
					fieldname: "at", fieldtype: "Data", label: __("Starts"), default: "now", change: again,
					description: __("now, Friday 17:50, or 2030-11-22 17:50; in {0}.", [text(zone)]),
				},
				{ fieldtype: "Column Break" },
				{ fieldname: "response", fieldtype: "Select", label: __("What People Do"), options: RESPONSES(), default: "never", change: again },
				{ fieldtype: "Column Break" },
				{ fieldname: "to_message", fieldtype: "Int", label: __("Which Message"), default: 1, depends_on: "eval:['message', 'everyone'].includes(doc.response)", change: again },
				{ fieldname: "after", fieldtype: "Duration", label: __("How Long After"), depends_on: "eval:doc.response !== 'never'", change: again },
				{ fieldtype: "Section Break", label: __("The Ticket"), collapsible: 1 },
				{ fieldname: "ticket", fieldtype: "Link", options: frm.doc.reference_doctype, label: __("Existing Ticket"), description: __("Empty: one that is made up, as the plan takes it."), change: again, only_select: 1 },
				{ fieldname: "assignee", fieldtype: "Link", options: "User", label: __("Assigned To"), depends_on: hypothetical, change: again, only_select: 1 },
				{ fieldtype: "Column Break" },
				...TICKET_FIELDS.filter(([, , from]) => (choices?.[from] || []).length).map(([fieldname, label, from]) => ({
					fieldname, label, fieldtype: "Select", options: ["", ...choices[from]], depends_on: hypothetical, change: again,
				})),
				{ fieldtype: "Section Break" },
				{ fieldname: "timeline", fieldtype: "HTML" },
			],
			primary_action_label: __("Rehearse Again"),
			primary_action: () => show(),
		});

		async function show() {
			const number = ++asked;
			const given = dialog.get_values(true) || {};
			const answered = given.response === "answered";
			const call = frappe.call({
				method: "escalation_mgmt.api.plans.rehearse",
				args: {
					plan: frm.doc,
					ticket: given.ticket || "",
					hypothetical: Object.fromEntries([...TICKET_FIELDS.map(([f]) => f), "assignee"].map((f) => [f, given[f] || ""])),
					at: given.at || "",
					to_message: ["message", "everyone"].includes(given.response) ? given.to_message || 1 : 0,
					everyone: given.response === "everyone" ? 1 : 0,
					delay: answered ? 0 : given.after || 0,
					answered_after: answered ? given.after || 60 : 0,
				},
			});
			const answer = await call.then((done) => done, () => null); // why it was refused is shown already
			if (answer?.message && number === asked) {
				dialog.get_field("timeline").$wrapper.html(timeline_html(answer.message));
				if (!shown) dialog.show();
				shown = true;
			}
		}
		function again() {
			clearTimeout(waiting);
			waiting = setTimeout(show, 200);
		}

		show();
	};

	const timeline_html = (shown) => {
		const unreachable = shown.unreachable.length
			? `<div class="escalation-unreachable">${__("Can't be reached: {0}", [shown.unreachable.map(text).join(", ")])}</div>`
			: "";
		let day = "";
		const lines = shown.lines.map((line) => {
			const [on, at] = when(line.at);
			const heading = on === day ? "" : `<li class="escalation-day">${text(on)}</li>`;
			day = on;
			return `${heading}<li class="${tone(line)}"><time>${text(at)}</time><span class="method">${text(__(line.method))}</span>
				<span class="line">${text(line.line)} ${line.remedy ? escalation_mgmt.remedy_link(line.remedy) : ""}</span></li>`;
		});
		return `<div class="escalation-outcome">${text(shown.outcome)}
				<span class="text-muted">${__("Messages: {0}. Nothing was sent.", [shown.messages])}</span></div>
			${shown.notes.map((note) => `<div class="escalation-note">${text(note)}</div>`).join("")}
			${unreachable}
			<ol class="escalation-rehearsal">${lines.join("")}</ol>
			<div class="text-muted small">${__("Times in {0}.", [text(shown.zone)])}</div>`;
	};

	const when = (value) => {
		const at = moment(value);
		return [`${at.format("dddd")} ${frappe.datetime.str_to_user(at.format("YYYY-MM-DD"))}`, at.format("HH:mm:ss")];
	};

	const TONE = { "Step Ran": "blue", Acknowledged: "green", Resolved: "green", "Nobody Notified": "red", Exhausted: "orange", Held: "orange", "No Calendar": "orange" };
	const tone = (line) => (line.remedy || (line.kind === "Step Ran" && !line.to) ? "red" : TONE[line.kind] || "gray");

	const CSS = `
		.escalation-outcome { font-size: 16px; font-weight: 600; margin-bottom: 8px; }
		.escalation-outcome .text-muted { font-size: 13px; font-weight: 400; margin-left: 8px; }
		.escalation-note { padding: 6px 12px; margin-bottom: 8px; border-left: 4px solid var(--orange-500); background: var(--subtle-fg, var(--bg-color)); }
		.escalation-unreachable { padding: 6px 12px; margin-bottom: 8px; border-left: 4px solid var(--red-500); color: var(--red-600); font-weight: 600; background: var(--subtle-fg, var(--bg-color)); }
		.escalation-rehearsal { list-style: none; margin: 0 0 8px; padding: 0; }
		.escalation-rehearsal li { display: grid; grid-template-columns: 72px 132px minmax(0, 1fr); gap: 8px; padding: 4px 0 4px 12px; border-left: 3px solid var(--border-color); line-height: 1.45; }
		.escalation-rehearsal li.escalation-day { display: block; border-left-color: transparent; padding-left: 0; font-weight: 600; margin-top: 8px; }
		.escalation-rehearsal li.red { border-left-color: var(--red-500); color: var(--red-600); }
		.escalation-rehearsal li.orange { border-left-color: var(--orange-500); }
		.escalation-rehearsal li.green { border-left-color: var(--green-500); }
		.escalation-rehearsal li.blue { border-left-color: var(--blue-500); }
		.escalation-rehearsal li.blue .line, .escalation-rehearsal li.green .line { font-weight: 600; }
		.escalation-rehearsal time { color: var(--text-muted); font-variant-numeric: tabular-nums; }
		.escalation-rehearsal .method { color: var(--text-muted); }
		.escalation-rehearsal .line { min-width: 0; overflow-wrap: anywhere; }
		@media (max-width: 767px) {
			.escalation-rehearsal li { grid-template-columns: 64px minmax(0, 1fr); }
			.escalation-rehearsal .method { display: none; }
			.escalation-outcome .text-muted { display: block; margin-left: 0; }
		}
	`;
}
