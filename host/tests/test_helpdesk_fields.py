"""The fields that the app, its tests and the demo touch are as in Helpdesk 1.28.1, written down from its DocTypes on 2026-11-29.

(type, what it links to or offers, mandatory); a name that is missing here is one that nobody looked up.
"""

from __future__ import annotations

from dataclasses import fields

import pytest

TEXT, NUMBER, CHECK, WHEN, SPAN = "Data", "Int", "Check", "Datetime", "Duration"

FIELDS = {
	"HD Ticket": {
		"subject": (TEXT, None, 1),
		"raised_by": (TEXT, "Email", 0),
		"status": ("Link", "HD Ticket Status", 0),
		"status_category": (TEXT, None, 0),
		"priority": ("Link", "HD Ticket Priority", 0),
		"ticket_type": ("Link", "HD Ticket Type", 0),
		"agent_group": ("Link", "HD Team", 0),
		"customer": ("Link", "HD Customer", 0),
		"contact": ("Link", "Contact", 0),
		"description": ("Text Editor", None, 0),
		"sla": ("Link", "HD Service Level Agreement", 0),
		"response_by": (WHEN, None, 0),
		"resolution_by": (WHEN, None, 0),
		"agreement_status": (
			"Select",
			"\nFirst Response Due\nResolution Due\nFailed\nFulfilled\nPaused",
			0,
		),
		"service_level_agreement_creation": (WHEN, None, 0),
		"on_hold_since": (WHEN, None, 0),
		"total_hold_time": (SPAN, None, 0),
		"first_responded_on": (WHEN, None, 0),
		"last_agent_response": (WHEN, None, 0),
		"last_customer_response": (WHEN, None, 0),
		"resolution_date": (WHEN, None, 0),
		"ticket_split_from": ("Link", "HD Ticket", 0),
		"is_merged": (CHECK, None, 0),
		"merged_with": ("Link", "HD Ticket", 0),
		"via_customer_portal": (CHECK, None, 0),
		"feedback_rating": ("Rating", None, 0),
	},
	"HD Ticket Priority": {"integer_value": (NUMBER, None, 1), "disabled": (CHECK, None, 0)},
	"HD Ticket Status": {
		"label_agent": (TEXT, None, 1),
		"category": ("Select", "Open\nPaused\nResolved", 1),
		"enabled": (CHECK, None, 0),
	},
	"HD Ticket Type": {"priority": ("Link", "HD Ticket Priority", 0), "is_system": (CHECK, None, 0)},
	"HD Ticket Activity": {"ticket": ("Link", "HD Ticket", 0), "action": ("Small Text", None, 0)},
	"HD Ticket Comment": {
		"reference_ticket": ("Link", "HD Ticket", 0),
		"commented_by": ("Link", "User", 0),
		"content": ("Text Editor", None, 0),
	},
	"HD Team": {
		"team_name": (TEXT, None, 1),
		"users": ("Table MultiSelect", "HD Team Member", 1),
		"assignment_rule": ("Link", "Assignment Rule", 0),
		"disabled": (CHECK, None, 0),
		"ignore_restrictions": (CHECK, None, 0),
	},
	"HD Team Member": {"user": ("Link", "User", 0)},
	"HD Agent": {
		"user": ("Link", "User", 1),
		"agent_name": (TEXT, None, 1),
		"is_active": (CHECK, None, 0),
		"availability": ("Link", "HD Agent Status", 0),
	},
	"HD Agent Status": {
		"agent_status": (TEXT, None, 0),
		"category": ("Select", "Active\nAway\nUnavailable", 1),
		"enable": (CHECK, None, 0),
	},
	"HD Customer": {"customer_name": (TEXT, None, 0), "contacts": ("Table", "HD Customer Member", 0)},
	"HD Customer Member": {"contact_name": ("Link", "Contact", 1), "is_manager": (CHECK, None, 0)},
	"HD Notification": {
		"user_from": ("Link", "User", 1),
		"user_to": ("Link", "User", 1),
		"notification_type": ("Select", "Assignment\nMention\nReaction", 1),
		"reference_ticket": ("Link", "HD Ticket", 0),
		"reference_comment": ("Link", "HD Ticket Comment", 0),
		"message": ("Text", None, 0),
		"read": (CHECK, None, 0),
	},
	"HD Form Script": {
		"dt": ("Link", "DocType", 1),
		"apply_to": ("Select", "Form\nList", 0),
		"enabled": (CHECK, None, 0),
		"script": ("Code", "JS", 0),
	},
	"HD View": {
		"dt": ("Link", "DocType", 0),
		"columns": ("Code", None, 0),
		"rows": ("Code", None, 0),
		"filters": ("Code", None, 0),
		"order_by": ("Code", None, 0),
		"group_by_field": (TEXT, None, 0),
		"user": ("Link", "User", 0),
	},
	"HD Settings": {
		"auto_update_status": (CHECK, None, 0),
		"update_status_to": ("Link", "HD Ticket Status", 0),
		"default_ticket_status": ("Link", "HD Ticket Status", 1),
		"ticket_reopen_status": ("Link", "HD Ticket Status", 1),
		"default_ticket_type": ("Link", "HD Ticket Type", 0),
		"default_priority": ("Link", "HD Ticket Priority", 0),
		"skip_email_workflow": (CHECK, None, 0),
		"restrict_tickets_by_agent_group": (CHECK, None, 0),
	},
	"HD Service Level Agreement": {
		"service_level": (TEXT, None, 1),
		"enabled": (CHECK, None, 0),
		"default_sla": (CHECK, None, 0),
		"condition": ("Code", "PythonExpression", 0),
		"start_date": ("Date", None, 0),
		"end_date": ("Date", None, 0),
		"holiday_list": ("Link", "HD Service Holiday List", 1),
		"priorities": ("Table", "HD Service Level Priority", 1),
		"support_and_resolution": ("Table", "HD Service Day", 1),
	},
	"HD Service Level Priority": {
		"priority": ("Link", "HD Ticket Priority", 1),
		"default_priority": (CHECK, None, 0),
		"response_time": (SPAN, None, 1),
		"resolution_time": (SPAN, None, 0),
	},
	"HD Service Day": {
		"workday": ("Select", "Monday\nTuesday\nWednesday\nThursday\nFriday\nSaturday\nSunday", 1),
		"start_time": ("Time", None, 1),
		"end_time": ("Time", None, 1),
	},
	"HD Service Holiday List": {"holidays": ("Table", "HD Holiday", 0)},
	"HD Holiday": {"holiday_date": ("Date", None, 1), "weekly_off": (CHECK, None, 0)},
}

NAMES = {
	"HD Ticket": ".####",
	"HD Ticket Priority": "Prompt",
	"HD Ticket Status": "field:label_agent",
	"HD Team": "field:team_name",
	"HD Agent Status": "field:agent_status",
}
"""How documents get their name."""

WHO_MAY = {
	"HD Ticket": {
		"read": {"Agent", "Agent Manager", "HD Customer", "HD Customer Manager", "System Manager"},
		"delete": {"Agent", "Agent Manager", "System Manager"},
	},
	"HD Team": {"read": {"Administrator", "Agent", "System Manager"}},
	"HD Notification": {"read": {"Agent", "System Manager"}},
}


@pytest.mark.parametrize("doctype", FIELDS)
def test_fields(db, doctype):
	import frappe

	meta = frappe.get_meta(doctype)
	found = {}
	for name in FIELDS[doctype]:
		field = meta.get_field(name)
		found[name] = field and (field.fieldtype, field.options or None, field.reqd)
	assert found == FIELDS[doctype]


def test_names_and_rights(db):
	import frappe

	assert {doctype: frappe.get_meta(doctype).autoname for doctype in NAMES} == NAMES
	for doctype, rights in WHO_MAY.items():
		rows = [row for row in frappe.get_meta(doctype).permissions if not row.permlevel]
		for right, roles in rights.items():
			assert {row.role for row in rows if row.get(right)} == roles, (doctype, right)


def test_whatever_is_read_of_a_ticket_was_looked_up(db):
	"""The other half: a field that the app begins to read has to be found in Helpdesk first."""
	from escalation_mgmt.facts import sources

	source = sources.KNOWN[sources.HD_TICKET]
	says = {field.name for field in fields(source)} - {
		"doctype",
		"resolved",
		"paused",
		"activity",
		"comments",
		"pages",
	}
	read = {getattr(source, what) for what in says} - {""}
	assert read <= set(FIELDS["HD Ticket"])
	assert {source.activity.ticket, source.activity.text} <= set(FIELDS[source.activity.doctype])
	comments = source.comments
	assert {comments.ticket, comments.text, comments.by} <= set(FIELDS[comments.doctype])
