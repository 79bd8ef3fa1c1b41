// What a plan's form says and offers by the clock that the plan guards: when it starts, its window, its message.

const [FIRST, NEXT, RESOLUTION] = ["First Response", "Next Response", "Resolution"];
const [OWN_WINDOW, AT_DEADLINE] = ["After Its Own Window", "At the Deadline"];

const SAYS = () => ({
	[FIRST]: {
		clock: __("Until an agent first responds."),
		window: __("Response Window"),
		how_long: __("How long an answer may take. With a response deadline: used for tickets that have none."),
		paused: "",
	},
	[NEXT]: {
		clock: __("Since the customer's first message that no agent has answered."),
		window: __("Time for an Answer"),
		how_long: __("How long an answer may take, from that message on. What the customer writes after it moves nothing."),
		paused: __("An agent's reply always stops it."),
	},
	[RESOLUTION]: {
		clock: __("Until the ticket is resolved or closed. It stands still while the ticket waits for the customer."),
		window: __("Time to Resolve"),
		how_long: __("How long it may take. With a resolution deadline: used for tickets that have none."),
		paused: "",
	},
});

export function show_clock(frm) {
	const says = SAYS()[frm.doc.clock] || SAYS()[FIRST];
	frm.set_df_property("clock", "description", says.clock);
	frm.set_df_property("start", "options", starts(frm));
	frm.set_df_property("window", "label", says.window);
	frm.set_df_property("window", "description", says.how_long);
	frm.set_df_property("stop_on_paused_status", "description", says.paused);
}

// Of a next response the deadline is the end of the plan's own window: one of the two is offered.
const starts = ({ doc }) =>
	frappe.meta
		.get_docfield(doc.doctype, "start")
		.options.split("\n")
		.filter((value) => doc.clock !== NEXT || value !== AT_DEADLINE)
		.map((value) => ({ value, label: doc.clock === NEXT && value === OWN_WINDOW ? __("When the Time for an Answer Is Over") : __(value) }));

// Another clock was chosen. `begun`: the texts that messages begin with; what somebody wrote is none of them, and stays.
export function follow_clock(frm, { messages, begun } = {}) {
	show_clock(frm);
	const { clock, start, message } = frm.doc;
	if (clock === NEXT && start === AT_DEADLINE) frm.set_value("start", OWN_WINDOW);
	if (messages?.[clock] && begun.includes((message || "").trim())) frm.set_value("message", messages[clock]);
}
