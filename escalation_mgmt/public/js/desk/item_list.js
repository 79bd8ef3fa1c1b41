// The list of action items: beside its fields who has it, the step, what is left until the next one, the last update and the last
// action. As on the board; asked for the rows that are shown, all in one question, and counted down in between.
import { clock } from "../ticket_escalation";
import { ago } from "../ticket_parts";
import { ask_quietly } from "./server";

const POLL = 15000; // milliseconds
const ITEM = "Escalation Action Item";
const RUNNING = ["Escalating", "Snoozed", "Acknowledged", "Scheduled"]; // in this order, where two are as urgent

// The field by which a column is sorted, and what it is called.
const COLUMNS = () => [
	["acknowledged_by", __("Who Has It")],
	["current_step", __("Step")],
	["due_utc", __("Next Step in")],
	["summary", __("Last Action")],
	["updated_utc", __("Last Update")],
];

const TEXTS = {
	acknowledged_by: (row) => (row.who ? `${row.who} (${row.how})` : row.how),
	current_step: (row) => row.step,
	due_utc: (row, heard) => (row.due_in === null ? row.held || "–" : until(row.due_in - heard)),
	updated_utc: (row, heard, { now, words }) => ago(now + heard - row.updated, words),
	summary: (row) => row.last,
};

const until = (left) => (left > 0 ? clock(Math.ceil(left)) : __("{0} overdue", [clock(Math.floor(-left))]));

// Our cells are empty until the server has answered.
export const ITEM_FORMATTERS = Object.fromEntries(
	Object.keys(TEXTS).map((field) => [field, () => `<span class="escalation-cell" data-cell="${field}" dir="auto"></span>`]),
);

export function extend_item_list(list) {
	if (list.view_name !== "List") return; // a report or a kanban board of the same settings has columns of its own
	const setup = list.setup_columns.bind(list);
	list.setup_columns = () => {
		setup();
		const ours = COLUMNS();
		list.columns = list.columns.filter(({ df }) => !ours.some(([fieldname]) => df?.fieldname === fieldname));
		const after_status = list.columns.findIndex(({ type }) => type === "Status") + 1 || list.columns.length;
		const made = ours.map(([fieldname, label]) => ({ type: "Field", df: { fieldname, label, fieldtype: "Data" } }));
		list.columns.splice(after_status, 0, ...made);
	};
	list.setup_columns();
	list.render_header(true);
	running_first(list);
	setInterval(() => ask(list), POLL);
	setInterval(() => tick(list), 1000);
}

// Unless somebody chose another order: what runs, then what has ended, the newest first.
function running_first(list) {
	const get_args = list.get_args.bind(list);
	list.get_args = () => {
		const args = get_args();
		const by_default = list.sort_selector?.sort_by === "creation" && list.sort_selector.sort_order === "desc";
		list.running_first = by_default;
		if (by_default) args.order_by = `\`tab${ITEM}\`.\`running_ticket\` desc, \`tab${ITEM}\`.\`creation\` desc`;
		return args;
	};
}

// Of those on the page that run, the most urgent first.
export function sort_items(list) {
	if (!list?.running_first) return;
	const place = ({ status }) => (RUNNING.includes(status) ? RUNNING.indexOf(status) : RUNNING.length);
	const burns = (doc) => (doc.status === "Escalating" ? 0 : RUNNING.includes(doc.status) ? 1 : 2);
	const urgent = (doc) => (burns(doc) < 2 ? -doc.priority_level : 0);
	list.data.sort((a, b) => burns(a) - burns(b) || urgent(a) - urgent(b) || place(a) - place(b));
}

export async function ask(list) {
	if (list.view_name !== "List" || !list.$result?.is(":visible") || document.visibilityState !== "visible") return;
	const names = (list.data || []).map(({ name }) => name);
	if (!names.length) return;
	const found = await ask_quietly("escalation_mgmt.api.items", { names: JSON.stringify(names) });
	if (found) Object.assign(list, { escalation_said: found, escalation_heard_at: performance.now() });
	tick(list);
}

function tick(list) {
	list.$result.find("[data-sort-by='summary']").removeAttr("data-sort-by").removeAttr("title"); // nothing sorts by a line of history
	const said = list.escalation_said;
	if (!said || !list.$result.is(":visible")) return;
	const heard = (performance.now() - list.escalation_heard_at) / 1000;
	list.$result.find(".list-row-checkbox[data-name]").each((_n, box) => {
		const row = said.rows[decodeURIComponent(box.dataset.name)];
		for (const cell of row ? $(box).closest(".list-row").find(".escalation-cell") : []) {
			const text = TEXTS[cell.dataset.cell](row, heard, said);
			if (cell.textContent !== text) Object.assign(cell, { textContent: text, title: text });
		}
	});
}
