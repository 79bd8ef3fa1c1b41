"""Every place that stores a name of a document is known: to Frappe as a link, or in `facts.stored_names`."""

import json
from pathlib import Path

import pytest

from escalation_mgmt.engine import Plan
from escalation_mgmt.facts import frozen_names
from escalation_mgmt.facts.stored_names import FROZEN_TARGETS, FROZEN_VALUES, PLACES, Holds
from escalation_mgmt.utils import doctypes

DOCTYPES = Path(doctypes.__file__).parents[1] / "escalation_mgmt/doctype"
TEXTS = {
	"Data",
	"Small Text",
	"Text",
	"Long Text",
	"Code",
	"Autocomplete",
	"JSON",
	"Text Editor",
	"Read Only",
}

NO_NAMES = {
	# Our own words, labels and addresses, and what others call their things: nothing that can be renamed in Frappe.
	"Escalation Action Item": "acknowledged_by acknowledged_via parked ticket_subject",
	"Escalation Calendar": "title time_zone",
	"Escalation Calendar Holiday": "description",
	"Escalation Circuit": "method why",
	"Escalation Contact": "time_zone email mobile_no voice",
	"Escalation Contact Code": "mobile_no code_hash",
	"Escalation Deed": "act",
	"Escalation Device": "label dead_reason",
	"Escalation Device Secret": "endpoint endpoint_hash p256dh auth server_key",
	"Escalation Endpoint": "title url payload",
	"Escalation Endpoint Header": "header",
	"Escalation Event": "kind",
	"Escalation Maintenance": "reason",
	"Escalation Notification": "method recipient about attempt_id provider_message_id detail",
	"Escalation Notification Secret": "token_hash earlier_token_hash note",
	"Escalation Plan": "title subject message",
	# `title` is an Email Account's name where it is one: storage.renames.
	"Escalation Provider": "title account_sid api_key numbers messaging_service_sid",
	"Escalation Settings": (
		"catch_all_email public_url heartbeat_url vapid_public_key vapid_subject twilio_account_sid twilio_api_key"
		" twilio_numbers twilio_messaging_service_sid installation_id"
	),
	"Escalation Step": "method address second_address message",
}
ELSEWHERE = {
	("Escalation Action Item", "running_ticket"): "storage.action_items.follow_rename, storage.renames",
	("Escalation Action Item", "exhausted_ticket"): "storage.action_items.follow_rename, storage.renames",
	("Escalation Ticket State", "ticket"): "storage.ticket_states.follow_rename, storage.renames",
	("Escalation Ticket State", "reference_name"): "storage.ticket_states.follow_rename",
	("Escalation Circuit", "provider"): "storage.renames forgets it",
	**{  # of Email Accounts, and of rows of Escalation Settings
		("Escalation Notification", column): "storage.renames.follow_providers"
		for column in ("provider", "earlier_provider", "not_by")
	},
	# Names of fields: storage.renamed_fields.
	("Escalation Step", "user_field"): "",
	("Escalation Step", "second_user_field"): "",
	**{
		("Escalation Ticket Source", f"{what}_field"): ""
		for what in (
			*(
				"subject",
				"priority",
				"team",
				"type",
				"customer",
				"status",
				"response_by",
				"resolution_by",
				"first_response",
			),
		)
	},
}


def text_fields() -> set[tuple[str, str]]:
	found = set()
	for path in DOCTYPES.glob("*/*.json"):
		doctype = json.loads(path.read_text())
		found |= {
			(doctype["name"], field["fieldname"])
			for field in doctype["fields"]
			if field["fieldtype"] in TEXTS and not field.get("is_virtual")
		}
	return found


def test_each_text_of_ours_follows_renames_or_holds_no_name() -> None:
	known = {(place.doctype, place.column) for place in PLACES}
	without = {(doctype, column) for doctype, columns in NO_NAMES.items() for column in columns.split()}
	there = text_fields()
	assert len(there) > 60
	assert not there - known - without - ELSEWHERE.keys(), (
		"say of each in facts.stored_names whose names it holds"
	)
	assert not (known | without | ELSEWHERE.keys()) - there, "these are gone"


class Everything:
	"""A rename of one thing: of a DocType's documents, or of what tickets have by a fact."""

	new = "New"
	sources = ()

	def __init__(self, doctype: str = "", fact: str = "") -> None:
		self.doctype, self._fact = doctype, fact

	def tickets(self, fact: str) -> list[str]:
		return ["HD Ticket"] if fact == self._fact else []

	def is_old(self, name: str) -> bool:
		return name == "Old"

	def of(self, name: str) -> str:
		return self.new if self.is_old(name) else name


FROZEN = {
	"name": "Old", "rank": 1, "start": "At Once", "window": 0, "repeats": 0, "repeat_pause": 0, "last_wait": 60,
	"takes": {"doctype": "HD Ticket", "priorities": ["Old"], "team": "Old", "ticket_type": "Old", "customer": "Old", "condition": ""},
	"stop": {"on_reply": True, "on_first_response": True, "on_paused_status": False, "condition": ""},
	"owner": "Old", "subject": "Old", "message": "Old", "calendar": ["Escalation Calendar", "Old"], "counts_working_time": True,
	"steps": [{"wait": 0, "method": "Email", "target": [kind, "Old"], "message": "Old", "needs": 1} for kind in FROZEN_TARGETS] + [{"wait": 0, "method": method, "target": ["Assignee", ""], "message": "", "value": "Old"} for method in FROZEN_VALUES],
}  # fmt: skip
KINDS = {kind: number for number, kind in enumerate(FROZEN_TARGETS)}
VALUES = range(len(KINDS), len(FROZEN["steps"]))  # of the acts, each of which sets something
FROZEN["steps"][0]["second"] = ["Team", "Old"]
FROZEN["steps"][0]["only_if"] = {"hours": "", "priority": "Old", "condition": ""}


def to(*kinds: str) -> str:
	return " ".join(f"steps.{KINDS[kind]}.target.1" for kind in kinds)


@pytest.mark.parametrize(
	("renaming", "changed"),
	[
		(
			Everything(fact="priority"),
			f"takes.priorities.0 steps.0.only_if.priority steps.{VALUES[0]}.value",
		),
		(Everything(fact="team"), f"takes.team steps.{VALUES[1]}.value"),
		(Everything(fact="status"), f"steps.{VALUES[2]}.value"),
		(Everything(fact="ticket_type"), "takes.ticket_type"),
		(Everything(fact="customer"), "takes.customer"),
		(Everything("Escalation Plan"), "name"),
		(Everything("Escalation Calendar"), "calendar.1"),
		(Everything("User"), f"owner {to('User')}"),
		(Everything("HD Team"), f"{to('Team', 'Next in Turn', 'Available Members')} steps.0.second.1"),
		(Everything("Role"), to("Role")),
		(Everything("Escalation Endpoint"), to("Endpoint")),
		(Everything("Something Else"), ""),
	],
	ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_frozen_plan_follows_where_it_names_what_was_renamed(renaming: Everything, changed: str) -> None:
	after = frozen_names.follow(FROZEN, renaming)
	assert {path for path, value in leaves(after) if value == "New"} == set(changed.split())
	Plan.from_dict(after)


def test_each_text_of_a_frozen_plan_is_a_name_or_known_to_be_none() -> None:
	"""What a plan newly holds has to be said here, and in `facts.frozen_names` where it is a name."""
	frozen = Plan.from_dict(FROZEN).to_dict()
	texts = {path for path, value in leaves(frozen) if isinstance(value, str)}
	named = {
		"name",
		"owner",
		"takes.doctype",
		"takes.priorities.0",
		"takes.team",
		"takes.ticket_type",
		"takes.customer",
		"calendar.1",
	}
	conditions = {"takes.condition", "stop.condition"}
	none = {"subject", "message", "start", "clock", "calendar.0", "after_maintenance"}
	steps = {
		f"steps.{n}.{what}"
		for n in range(len(FROZEN["steps"]))
		for what in ("method", "message", "target.0", "target.1")
	}
	steps |= {f"steps.{n}.value" for n in VALUES}
	second = {f"steps.0.second.{n}" for n in (0, 1)}
	only_if = {f"steps.0.only_if.{what}" for what in ("hours", "priority", "condition")}
	assert texts == named | conditions | none | steps | second | only_if


def leaves(value: object, path: str = "") -> list[tuple[str, object]]:
	pairs = (
		value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
	)
	if pairs is None:
		return [(path[1:], value)]
	return [leaf for key, each in pairs for leaf in leaves(each, f"{path}.{key}")]


def test_a_fact_says_whose_tickets() -> None:
	assert all(place.fact or place.names or place.holds in (Holds.PLAN, Holds.CONDITION) for place in PLACES)
