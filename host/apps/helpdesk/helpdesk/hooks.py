"""Stand-in for Helpdesk v1.22: its DocTypes and how a ticket changes, none of its pages."""

app_name = "helpdesk"
app_title = "Helpdesk"
app_publisher = "Embedded host"
app_description = "Stand-in for Helpdesk"
app_email = "host@example.com"
app_license = "MIT"

after_install = "helpdesk.install.after_install"

has_permission = {"HD Ticket": "helpdesk.helpdesk.doctype.hd_ticket.hd_ticket.has_permission"}
permission_query_conditions = {"HD Ticket": "helpdesk.helpdesk.doctype.hd_ticket.hd_ticket.permission_query"}
