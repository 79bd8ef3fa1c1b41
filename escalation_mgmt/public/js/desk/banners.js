// Bars above all of Desk, for who manages escalations: this site sends nothing, its database was restored, or something is overdue.
import { put_restored_bar } from "./after_restore";
import { is_manager } from "./roles";
import { read } from "./server";

const ASK = 60000; // milliseconds
const BODY = "#body"; // a bar goes before it: inside of the page's body, Desk would give it a column of its own

$(document).on("app_ready", () => {
	if (!is_manager()) return;
	if (frappe.boot.escalation_mute) return say_that_it_is_a_copy();
	ask_what_is_overdue();
	setInterval(ask_what_is_overdue, ASK);
});

// A copy of a site sends nothing until somebody makes it live: whoever waits for a message must see that.
function say_that_it_is_a_copy() {
	const link = $("<a>").attr("href", frappe.utils.get_form_link("Escalation Settings", "Escalation Settings")).text(__("Escalation Settings"));
	$("<div class='escalation-banner escalation-mute'>")
		.append($("<span>").text(__("This site is a copy: no escalation is run and no message is sent. Make it live in") + " "))
		.append(link)
		.insertBefore(BODY);
}

// An alarm that doesn't depend on what it watches: every minute Desk itself asks what is overdue, and who looks.
async function ask_what_is_overdue() {
	if (document.visibilityState !== "visible") return;
	const report = await read("escalation_mgmt.api.health.report", {}, { silent: true });
	if (report) put_restored_bar(report, BODY);
	const wrong = report ? ALARMING.filter((what) => report[what]) : [];
	if (!wrong.length) return $(".escalation-alarm").remove();
	const problems = report.problems.filter((problem) => !report.after_restore.includes(problem)).join(" ");
	if (!$(".escalation-alarm").length) $(ALARM).insertBefore(BODY);
	put(".escalation-alarm-text", problems);
	// Spoken when something else is wrong, and not each minute by how much longer it has been.
	if (wrong.join() !== $(".escalation-alarm").data("wrong")) put(".escalation-alarm .sr-only", problems);
	$(".escalation-alarm").data("wrong", wrong.join());
}

const ALARMING = ["steps_overdue", "messages_overdue", "acts_overdue", "failures_overdue", "not_looked"];
const ALARM = `<div class="escalation-banner escalation-alarm"><span class="sr-only" role="alert"></span>
	<span class="escalation-alarm-text" aria-hidden="true"></span></div>`;

const put = (selector, text) => $(selector).text() !== text && $(selector).text(text);
