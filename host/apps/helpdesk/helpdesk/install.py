"""What a fresh Helpdesk has: statuses, priorities, types, a default agreement, two teams with nobody in them, roles."""

import frappe
from frappe.permissions import add_permission

HOUR = 3600
PRIORITIES = {
	# name: (integer value, first response, resolution)
	"Urgent": (100, HOUR // 2, 2 * HOUR),
	"High": (200, HOUR, 4 * HOUR),
	"Medium": (300, 8 * HOUR, 24 * HOUR),
	"Low": (400, 24 * HOUR, 72 * HOUR),
}
STATUSES = {
	# name: (category, colour)
	"Open": ("Open", "Red"),
	"Replied": ("Paused", "Blue"),
	"Resolved": ("Resolved", "Green"),
	"Closed": ("Resolved", "Gray"),
}
AGENT_STATUSES = {"Active": "Green", "Away": "Amber", "Unavailable": "Red"}
WORKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


def after_install():
	make_statuses()
	make_agent_statuses()
	make_priorities()
	make_types()
	make_default_agreement()
	for team in ("Billing", "Product Experts"):
		make("HD Team", team, team_name=team)
	give_roles_what_they_need()
	frappe.get_doc("HD Settings").create_base_support_rotation()


def make(doctype: str, name: str, **values):
	if not frappe.db.exists(doctype, name):
		doc = frappe.new_doc(doctype)
		doc.name = name
		doc.update(values)
		doc.insert(ignore_permissions=True, ignore_mandatory=True)


def make_agent_statuses():
	for order, (name, color) in enumerate(AGENT_STATUSES.items(), start=1):
		make(
			"HD Agent Status",
			name,
			agent_status=name,
			category=name,
			color=color,
			status_order=order * 10,
			enable=1,
		)


def give_roles_what_they_need():
	for role in ("Agent", "Agent Manager"):
		for doctype in ("File", "Contact", "Email Account", "Communication"):
			add_permission(doctype, role, 0)
	for role in ("HD Customer", "HD Customer Manager"):
		frappe.get_doc("Role", role).update({"home_page": "/helpdesk", "desk_access": 0}).save()
	portal = frappe.get_doc("Portal Settings")
	portal.update({"default_role": "HD Customer", "default_portal_home": "/helpdesk"})
	portal.save()


def make_statuses():
	for order, (label, (category, color)) in enumerate(STATUSES.items(), start=1):
		make(
			"HD Ticket Status",
			label,
			label_agent=label,
			category=category,
			color=color,
			order=order,
			enabled=1,
			different_view=int(label == "Replied"),
			label_customer="Awaiting Response" if label == "Replied" else None,
		)
	frappe.db.set_single_value("HD Settings", "default_ticket_status", "Open")
	frappe.db.set_single_value("HD Settings", "ticket_reopen_status", "Open")


def make_priorities():
	for name, (value, _response, _resolution) in PRIORITIES.items():
		make("HD Ticket Priority", name, integer_value=value)


def make_types():
	for name in ("Unspecified", "Question", "Bug", "Incident"):
		make("HD Ticket Type", name, is_system=int(name == "Unspecified"))


def make_default_agreement():
	year = frappe.utils.getdate().year
	make(
		"HD Service Holiday List",
		"Default",
		holiday_list_name="Default",
		from_date=f"{year}-01-01",
		to_date=f"{year + 1}-01-01",
	)
	make(
		"HD Service Level Agreement",
		"Default",
		service_level="Default",
		default_sla=1,
		enabled=1,
		holiday_list="Default",
		priorities=[
			{
				"priority": name,
				"response_time": response,
				"resolution_time": resolution,
				"default_priority": int(name == "Medium"),
			}
			for name, (_value, response, resolution) in PRIORITIES.items()
		],
		support_and_resolution=[
			{"workday": day, "start_time": "10:00:00", "end_time": "18:00:00"} for day in WORKDAYS
		],
	)
