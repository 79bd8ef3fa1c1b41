"""Every seam between this app and Frappe, on one page."""

app_name = "escalation_mgmt"
app_title = "Escalation Management"
app_publisher = "Escalation Management contributors"
app_description = "Runs an escalation plan for every ticket that nobody answers, until somebody acknowledges."
app_email = "escalation@example.com"
app_license = "MIT"
