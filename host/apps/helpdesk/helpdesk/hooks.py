"""Stand-in for Helpdesk 1.28.1: its DocTypes, roles and how a ticket changes, none of its pages."""

app_name = "helpdesk"
app_title = "Helpdesk"
app_publisher = "Embedded host"
app_description = "Stand-in for Helpdesk"
app_email = "host@example.com"
app_license = "MIT"

after_install = "helpdesk.install.after_install"

scheduler_events = {
	"hourly_long": ["helpdesk.helpdesk.doctype.hd_ticket.hd_ticket.update_sla_status_in_ticket"]
}

has_permission = {
	"HD Ticket": "helpdesk.helpdesk.doctype.hd_ticket.hd_ticket.has_permission",
	"HD Customer": "helpdesk.helpdesk.doctype.hd_customer.hd_customer.has_permission",
}
permission_query_conditions = {
	"HD Ticket": "helpdesk.helpdesk.doctype.hd_ticket.hd_ticket.permission_query",
	"HD Customer": "helpdesk.helpdesk.doctype.hd_customer.hd_customer.permission_query",
}

doc_events = {
	"Assignment Rule": {"on_trash": "helpdesk.extends.assignment_rule.on_trash"},
	"Notification Log": {"before_insert": "helpdesk.extends.notification_log.before_insert"},
}
override_doctype_class = {
	"Assignment Rule": "helpdesk.overrides.assignment_rule.PreferringWhoIsAvailable",
}
ignore_links_on_delete = ["HD Notification", "HD Ticket Comment"]
