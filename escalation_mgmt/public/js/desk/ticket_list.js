// A list of tickets in Desk: how the escalation of each stands, and the time until what comes next.
import { countdown, time_left } from "../ticket_escalation";
import { escaped } from "./html";
import { ask_quietly } from "./server";
import { ticket_pill, watched } from "./tickets";

const POLL = 15000; // milliseconds

let states = {}; // of the tickets in the list, by name

setInterval(ask, POLL);
setInterval(() => {
	watch();
	show();
}, 1000);

// Desk has no event for a list that was drawn, so each one that is opened is watched from then on.
function watch() {
	const list = window.cur_list;
	if (!list?.$result?.length || !watched(list.doctype) || list.escalation_watched) return;
	list.escalation_watched = new MutationObserver(() => ask());
	list.escalation_watched.observe(list.$result[0], { childList: true });
	ask();
}

async function ask() {
	const list = window.cur_list;
	if (!list?.escalation_watched || !list.$result.is(":visible") || document.visibilityState !== "visible") return;
	const names = (list.data || []).map((doc) => String(doc.name));
	if (!names.length) return;
	const found = await ask_quietly("escalation_mgmt.api.tickets", { doctype: list.doctype, names: JSON.stringify(names) });
	if (!found || window.cur_list !== list) return;
	states = found;
	const now = performance.now();
	for (const state of Object.values(states)) state.at = state.due_in == null ? null : now + 1000 * state.due_in;
	show();
}

function show() {
	const list = window.cur_list;
	if (!list?.escalation_watched) return;
	let beside = false;
	list.$result.find(".list-row-checkbox[data-name]").each((_n, box) => {
		const state = states[decodeURIComponent(box.dataset.name)];
		const html = state ? `${ticket_pill(state)} <small>${escaped(time_left(state.at))}</small>` : "";
		const $row = $(box).closest(".list-row");
		const $column = column_of($row);
		beside ||= Boolean(html) && !$column.length;
		write($row.find(".list-subject .escalation-mark"), $column.length ? "" : html, state, () => new_mark($row));
		if (html) write($column.find(".escalation-mark"), html, state, () => mark_in($column));
	});
	list.$result.toggleClass("escalation-marked", beside);
}

function write($mark, html, state, make) {
	if (!html && !$mark.length) return;
	const $there = $mark.length ? $mark : make();
	if ($there.html() !== html) $there.html(html).attr("title", state ? countdown(state, state.at) : null);
}

// What the ticket's own field shows, where the list has that column, and the window room for it.
const column_of = ($row) => $row.find("[data-filter^='escalation_mgmt_status,']").filter(":visible");

// In place of Frappe's pill, in what filters by it when it is clicked.
const mark_in = ($column) =>
	$("<span class='escalation-mark'>").appendTo($column.removeClass("indicator-pill ellipsis").addClass("escalation-column").empty());

// Before the subject, which is there at every width; whatever stands further right is hidden, or lies below what Desk keeps
// at the end of a row.
const new_mark = ($row) =>
	$("<span class='escalation-mark'>").insertBefore($row.find(".list-subject").first().children().has("a").first());
