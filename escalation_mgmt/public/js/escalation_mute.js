// A copy of a site sends nothing until somebody makes it live: whoever waits for a message must see that.
$(document).on("app_ready", () => {
	if (!frappe.boot.escalation_mute || !frappe.user.has_role(["Escalation Manager", "System Manager"])) return;
	const link = $("<a>").attr("href", frappe.utils.get_form_link("Escalation Settings", "Escalation Settings")).text(__("Escalation Settings"));
	$("<div class='escalation-mute'>")
		.css({ background: "var(--red-600, #c0341d)", color: "#fff", padding: "8px 16px", "text-align": "center" })
		.append($("<span>").text(__("This site is a copy: no escalation is run and no message is sent. Make it live in") + " "))
		.append(link.css({ color: "#fff", "text-decoration": "underline" }))
		.insertBefore("#body"); // beside it in the body itself, Desk would give it a column of its own
});
