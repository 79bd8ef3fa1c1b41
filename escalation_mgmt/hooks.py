"""Every seam between this app and Frappe, on one page."""

app_name = "escalation_mgmt"
app_title = "Escalation Management"
app_publisher = "Escalation Management contributors"
app_description = "Runs an escalation plan for every ticket that nobody answers, until somebody acknowledges."
app_email = "escalation@example.com"
app_license = "MIT"

# The types of a DocType's fields stand in its controller, and every whitelisted function checks the types that it is given.
export_python_type_annotations = True
require_type_annotated_api_methods = True

# The apps screen, and the menu of apps in Helpdesk's sidebar. Only for those who set it up: whoever sees two apps is asked after
# each log-in which of them is meant. The icon on Frappe 16's desktop is desktop_icon/escalation.json, for responders too.
add_to_apps_screen = [
	{
		"name": "escalation_mgmt",
		"logo": "/assets/escalation_mgmt/images/escalation.svg",
		"title": "Escalation",
		"route": "/app/escalation",
		"has_permission": "escalation_mgmt.permissions.sees_app",
	}
]

# The methods: each a subclass of notifiers.base.Notifier. Another app adds one by a line of its own.
# In this order a notice finds its way: by the first that reaches them and wakes nobody.
escalation_notifiers = [
	"escalation_mgmt.notifiers.push.iphone_push.IphonePushNotifier",
	"escalation_mgmt.notifiers.email.EmailNotifier",
	"escalation_mgmt.notifiers.twilio.sms.SmsNotifier",
	"escalation_mgmt.notifiers.twilio.phone_call.PhoneCallNotifier",
	"escalation_mgmt.notifiers.http_post.HttpPostNotifier",
]

before_install = "escalation_mgmt.install.before_install"
after_install = "escalation_mgmt.install.after_install"
after_migrate = "escalation_mgmt.install.after_migrate"
after_uninstall = "escalation_mgmt.uninstall.after_uninstall"
after_app_install = "escalation_mgmt.install.after_app_install"

# Which DocTypes hold tickets is decided by plans, so the handler of all leaves at once for any other.
doc_events = {
	(
		*("Escalation Action Item", "Escalation Calendar", "Escalation Callback", "Escalation Circuit"),
		"Escalation Contact",
		*("Escalation Contact Code", "Escalation Deed", "Escalation Device", "Escalation Device Secret"),
		*("Escalation Endpoint", "Escalation Event", "Escalation Maintenance", "Escalation Notification"),
		*("Escalation Notification Secret", "Escalation Settings", "Escalation Ticket State"),
		"Escalation Turn",
	): {"before_validate": "escalation_mgmt.utils.bounds.check"},
	"*": {
		# What lists show of a ticket's escalation is ours to write: of what is saved these are the first events.
		"before_validate": "escalation_mgmt.storage.ticket_list.keep",
		"before_update_after_submit": "escalation_mgmt.storage.ticket_list.keep",
		"before_cancel": "escalation_mgmt.storage.ticket_list.keep",
		"on_update": "escalation_mgmt.dispatch.document_events.ticket_saved",
		# A submitted document's saves, its cancelling and a draft's discarding are no updates for Frappe.
		"on_update_after_submit": "escalation_mgmt.dispatch.document_events.ticket_saved",
		"on_cancel": "escalation_mgmt.dispatch.document_events.ticket_saved",
		"on_discard": "escalation_mgmt.dispatch.document_events.ticket_gone",
		"after_delete": "escalation_mgmt.dispatch.document_events.ticket_gone",
		"before_rename": "escalation_mgmt.storage.renames.before_rename",
		"after_rename": "escalation_mgmt.storage.renames.follow",
	},
	"ToDo": {
		"on_update": "escalation_mgmt.dispatch.document_events.todo_changed",
		"after_delete": "escalation_mgmt.dispatch.document_events.todo_changed",
	},
	"Communication": {
		"after_insert": "escalation_mgmt.dispatch.document_events.communication_changed",
	},
	("Email Account", "SMS Settings"): {"on_update": "escalation_mgmt.storage.circuits.set_up_anew"},
	"Custom Field": {
		"on_change": "escalation_mgmt.storage.renamed_fields.follow",
	},
	"Personal Data Deletion Request": {
		"on_change": "escalation_mgmt.operations.personal_data.erase",
	},
}

additional_timeline_content = {"*": ["escalation_mgmt.views.timeline.of_ticket"]}

scheduler_events = {
	"cron": {"* * * * *": ["escalation_mgmt.dispatch.dispatcher.scheduled"]},
	"daily_long": ["escalation_mgmt.operations.retention.daily"],
}

has_permission = {
	"Escalation Action Item": "escalation_mgmt.permissions.item_has_permission",
	"Escalation Notification": "escalation_mgmt.permissions.part_has_permission",
	"Escalation Event": "escalation_mgmt.permissions.part_has_permission",
	"Escalation Contact": "escalation_mgmt.permissions.contact_has_permission",
	"Escalation Device": "escalation_mgmt.permissions.contact_has_permission",
}
permission_query_conditions = {
	"Escalation Action Item": "escalation_mgmt.permissions.item_conditions",
	"Escalation Notification": "escalation_mgmt.permissions.notification_conditions",
	"Escalation Event": "escalation_mgmt.permissions.event_conditions",
	"Escalation Contact": "escalation_mgmt.permissions.contact_conditions",
	"Escalation Device": "escalation_mgmt.permissions.device_conditions",
}

# Frappe 15 counts for whoever asks; our rows are counted for whoever may list them.
override_whitelisted_methods = {"frappe.client.get_count": "escalation_mgmt.api.counting.get_count"}

# History must not stand in the way of deleting a ticket, a user or a plan; a plan that runs refuses by itself.
ignore_links_on_delete = [
	"Escalation Action Item",
	"Escalation Notification",
	"Escalation Event",
	"Escalation Plan Version",
	"Escalation Deed",
	"Escalation Turn",
]

# A mail of one of our reports shows what its user may see.
override_doctype_class = {
	"Auto Email Report": "escalation_mgmt.views.report_mails.ReportMail",
	"Email Account": "escalation_mgmt.inbound.mailbox.MailboxOfFrappe15",
}

# An answer to a mail of ours becomes no ticket.
extend_doctype_class = {"Email Account": "escalation_mgmt.inbound.mailbox.Mailbox"}

# An answer to a customer says nothing of a ticket's escalation.
before_request = ["escalation_mgmt.web.half_characters.refuse"]
after_request = ["escalation_mgmt.web.customers.withhold"]

page_renderer = ["escalation_mgmt.web.acknowledgement.AckPage", "escalation_mgmt.web.technician.PhonePage"]

extend_bootinfo = ["escalation_mgmt.utils.installation.boot", "escalation_mgmt.views.ticket_form.boot"]
app_include_js = "escalation.bundle.js"
app_include_css = "escalation.bundle.css"

# After a deployment, too, it must be seen that a dispatcher was forgotten.
persistent_cache_keys = ["escalation_last_tick"]
