// An alarm that doesn't depend on what it watches: every minute Desk itself asks what is overdue, and who looks.
$(document).on("app_ready", () => {
	if (frappe.boot.escalation_mute || !frappe.user.has_role(["Escalation Manager", "System Manager"])) return;
	const ask = async () => {
		if (document.visibilityState !== "visible") return;
		const { message } = await frappe.call({ method: "escalation_mgmt.api.health.report", type: "GET", silent: true });
		$(".escalation-alarm").remove();
		if (!message || !(message.steps_overdue || message.messages_overdue || message.not_looked)) return;
		$("<div class='escalation-alarm' role='alert'>")
			.css({ background: "var(--red-600, #c0341d)", color: "#fff", padding: "8px 16px", "text-align": "center" })
			.text(message.problems.join(" "))
			.insertBefore("#body"); // beside it in the body itself, Desk would give it a column of its own
	};
	ask();
	setInterval(ask, 60000);
});
