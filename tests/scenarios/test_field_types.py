"""What a source's fields can be: every type of field that Frappe has works for what it is named for, or is refused there."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import frappe
import pytest

from escalation_mgmt.engine import TicketKey
from escalation_mgmt.facts import field_types, sources
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.preflight import lookback, readiness
from escalation_mgmt.utils import clock
from escalation_mgmt.views import figures
from tests.on_site import add_team
from tests.world import World
from tests.world.doctypes import doctype, name_source
from tests.world.statements import listened

KIND = "Any Ticket"

OPTIONS = {
	"Select": "\nA\nB",
	"Link": "HD Team",
	"Dynamic Link": "of_link_of",
	"Rating": "5",
	"Table": "HD Team Member",
	"Table MultiSelect": "HD Team Member",
	"Image": "of_attach_image",
}

HELD: dict[str, tuple[Any, str, str]] = {
	"Int": (3, "3", "3.0"),
	"Long Int": (30000000000, "30000000000", "30000000000"),
	"Float": (2.5, "2.5", "2.50"),
	"Currency": (100, "100", "100.00"),
	"Percent": (50, "50", " 50 "),
	"Duration": (3600, "3600", "3600"),
	"Rating": (0.6, "3", "3"),
	"Check": (1, "1", "1.0"),
	"Select": ("A", "A", "A"),
	"Link": ("Blue", "Blue", "Blue"),
	"Color": ("#ff0000", "#ff0000", "#ff0000"),
	"Phone": ("+49-15112345678", "+49-15112345678", "+49-15112345678"),
}
"""By type: what stands in a field, the word for it, and another spelling of that; for all other words "P1"."""


def column(fieldtype: str) -> str:
	return f"of_{frappe.scrub(fieldtype)}"


def all_types() -> list[str]:
	"""As Frappe itself offers them for a new field."""
	return [each for each in frappe.get_meta("DocField").get_field("fieldtype").options.split("\n") if each]


@pytest.fixture
def kind(world: World) -> Iterator[str]:
	"""Tickets with a field of every type."""
	in_order = sorted(
		all_types(), key=lambda each: (each != "Fold", each != "Section Break")
	)  # one after the other
	fields = [
		{"fieldname": column(each), "fieldtype": each, "options": OPTIONS.get(each, "")} for each in in_order
	]
	fields += [{"fieldname": name, "fieldtype": "Data"} for name in ("subject", "priority", "status")]
	fields.append({"fieldname": "of_link_of", "fieldtype": "Link", "options": "DocType"})
	add_team("Blue")
	with doctype(KIND, fields) as name:
		yield name


def row(**more: str) -> dict[str, str]:
	return {"priority_field": "priority", "status_field": "status", "subject_field": "subject", **more}


def log(**values: Any) -> Any:
	doc = frappe.new_doc(KIND)
	doc.update(values)
	doc.insert()
	frappe.db.commit()
	return doc


@pytest.mark.parametrize("column_of_source", sources.FIELDS)
def test_each_type_of_field_is_taken_for_what_fits_it_and_else_refused(
	world: World, kind: str, column_of_source: str
) -> None:
	fits = field_types.FITTING[sources.FIELDS[column_of_source]]
	taken = set()
	for each in all_types():
		settings = frappe.get_doc("Escalation Settings")
		more = {"resolved_statuses": ""} if column_of_source == "status_field" else {}
		settings.append(
			"sources", {"reference_doctype": kind, **row(**{column_of_source: column(each)}), **more}
		)
		try:
			settings.validate()
			taken.add(each)
		except frappe.ValidationError as e:
			assert column(each) in str(e)
	frappe.clear_messages()
	assert taken == {each for each in fits if each in all_types()}
	assert not taken & {"Password", "Table", "Button", "JSON", "Attach"}


@pytest.mark.one_database("mariadb")
@pytest.mark.parametrize("what", ["priority", "team", "type", "customer"])
def test_a_plan_takes_tickets_by_a_field_of_every_type(world: World, kind: str, what: str) -> None:
	role = sources.FIELDS[f"{what}_field"]
	for each in sorted(field_types.FITTING[role] & {*all_types()}):
		held, word, written = HELD.get(each, ("P1", "P1", "P1"))
		name_source(kind, **row(**{f"{what}_field": column(each)}))
		asked = {"priorities": [written]} if what == "priority" else {"priorities": [], role: written}
		plan = world.plan((0, "Email"), title=each, reference_doctype=kind, **asked)
		link = {"of_link_of": "HD Team"} if each == "Dynamic Link" else {}
		held = "Blue" if each == "Dynamic Link" else held
		if each == "Dynamic Link":
			word = "Blue"
			field = plan.priorities[0] if what == "priority" else plan
			field.set("priority" if what == "priority" else role, word)
			plan.save()
			frappe.db.commit()
		ticket, other = log(**{column(each): held}, **link), log()
		assert (
			getattr(Tickets([TicketKey(kind, ticket.name)])[TicketKey(kind, ticket.name)].facts, role) == word
		), each
		assert world.item(ticket).plan == each, each
		assert not frappe.db.exists("Escalation Action Item", {"reference_name": other.name}), each
		# What no event announced, the sweep finds.
		frappe.flags.escalation_evaluation_put_off = True
		try:
			unseen = log(**{column(each): held}, **link)
		finally:
			frappe.flags.escalation_evaluation_put_off = False
		world.sweep()
		assert world.item(unseen).plan == each, each
		assert lookback.taken_by(plan)["taken"] == 2, each
		plan.reload().update({"enabled": 0}).save()
		frappe.db.commit()


def test_a_number_that_has_not_changed_is_written_by_no_sweep(world: World, kind: str) -> None:
	"""A column says 3.000000000 or 0.6 where we remember 3."""
	written: list[str] = []
	for each in ("Float", "Rating", "Currency", "Percent", "Int", "Check", "Data"):
		held, _word, asked = HELD.get(each, (" P <b>1", "P 1", " P <b>1"))
		name_source(kind, **row(priority_field=column(each)))
		plan = world.plan((0, "Email"), title=each, reference_doctype=kind, priorities=[asked])
		log(**{column(each): held})
		log(**{column(each): held, "status": "Resolved"})
		world.sweep()
		with listened() as asked_meanwhile:
			world.sweep()
		assert asked_meanwhile
		written += asked_meanwhile
		plan.reload().update({"enabled": 0}).save()
		frappe.db.commit()
	assert not [query for query in written if query.startswith("update `tabEscalation Ticket State`")]


def test_a_status_of_every_type_resolves(world: World, kind: str) -> None:
	for each in sorted(field_types.FITTING["status"] & {*all_types()}):
		held, _word, written = HELD.get(each, ("P1", "P1", "P1"))
		link = {"of_link_of": "HD Team"} if each == "Dynamic Link" else {}
		held, written = ("Blue", "Blue") if each == "Dynamic Link" else (held, written)
		name_source(kind, **row(status_field=column(each)), resolved_statuses=written)
		plan = world.plan((0, "Email"), title=each, reference_doctype=kind, priorities=["P1"])
		ticket = log(priority="P1")
		assert world.item(ticket).status == "Scheduled", each
		world.sweep()
		assert world.item(ticket).status == "Scheduled", each
		ticket.update({column(each): held, **link}).save()
		assert world.item(ticket).status == "Resolved", each
		plan.reload().update({"enabled": 0}).save()
		frappe.db.commit()


def test_a_deadline_is_a_moment_or_the_end_of_a_day(world: World, kind: str) -> None:
	tomorrow = clock.to_site(world.now).date() + timedelta(days=1)
	at_noon = frappe.utils.get_datetime(f"{tomorrow} 12:00:00")
	for fieldtype, held, due in (
		("Datetime", at_noon, at_noon),
		("Date", tomorrow, frappe.utils.get_datetime(tomorrow + timedelta(days=1))),
	):
		name_source(kind, **row(response_by_field=column(fieldtype)))
		plan = world.plan(
			*[(0, "Email")],
			title=fieldtype,
			reference_doctype=kind,
			priorities=["P1"],
			start="At the Deadline",
		)
		ticket = log(priority="P1", **{column(fieldtype): held})
		assert frappe.utils.get_datetime(world.item(ticket).due_utc) == clock.to_utc(due), fieldtype
		untaken = log(priority="P2", **{column(fieldtype): held})
		begun = world.now
		for seconds, missed in ((-1, 0), (1, 1)):
			world.now = clock.to_utc(due) + timedelta(seconds=seconds)
			counted = figures.untaken({"reference_doctype": kind, "priority": "P2"})
			assert sum(each["tickets"] for each in counted) == missed, (fieldtype, seconds)
		world.now = begun
		untaken.delete()
		plan.reload().update({"enabled": 0}).save()
		frappe.db.commit()


def test_what_a_field_can_not_hold_is_refused_in_words(world: World, kind: str) -> None:
	name_source(kind, **row(priority_field="of_int"))
	with pytest.raises(
		frappe.ValidationError, match="Urgent can be no Priority of Any Ticket, which has numbers"
	):
		world.plan((0, "Email"), reference_doctype=kind, priorities=["Urgent"])
	for each in ("nan", "inf", "1e400", "1,5", "٣x"):
		with pytest.raises(frappe.ValidationError):
			world.plan((0, "Email"), reference_doctype=kind, priorities=[each])
	with pytest.raises(frappe.ValidationError, match="Resolved is no value of of_check"):
		name_source(kind, **row(status_field="of_check"), resolved_statuses="Resolved\nClosed")
	for field, says in (
		("of_table", "has no field"),
		("of_int", "names no user"),
		("of_json", "names no user"),
	):
		with pytest.raises(frappe.ValidationError, match=says if field != "of_table" else "names no user"):
			world.plan((0, "Email", "User Field", field), reference_doctype=kind, priorities=["3"])
	assert not frappe.get_all("Escalation Plan")


def test_a_source_that_was_accepted_before_is_a_finding_and_nothing_raises(world: World, kind: str) -> None:
	"""Settings took any column of the table once."""
	name_source(kind, **row())
	world.plan((0, "Email"), reference_doctype=kind, priorities=["P1"])
	for fieldname in ("priority_field", "status_field", "response_by_field", "subject_field"):
		for each in ("of_json", "of_datetime", "of_time", "of_text_editor", "of_password", "of_geolocation"):
			frappe.db.set_value("Escalation Ticket Source", {"reference_doctype": kind}, fieldname, each)
			frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
			ticket = log(
				priority="P1", of_datetime=clock.to_site(world.now), of_json="{}", of_time="10:00:00"
			)
			assert Tickets([TicketKey(kind, ticket.name)])[TicketKey(kind, ticket.name)].exists
			said = " ".join(finding.problem for finding in readiness.findings())
			fits = frappe.unscrub(each.removeprefix("of_")) in field_types.FITTING[sources.FIELDS[fieldname]]
			assert fits or f"can't be read from {each}" in said, (fieldname, each)
		original = {"priority_field": "priority", "status_field": "status", "subject_field": "subject"}
		frappe.db.set_value(
			"Escalation Ticket Source", {"reference_doctype": kind}, fieldname, original.get(fieldname, "")
		)
		frappe.db.commit()


class Field:
	def __init__(self, fieldtype: str, options: str = ""):
		self.fieldtype, self.options = fieldtype, options


@pytest.mark.parametrize(
	("fieldtype", "value", "word"),
	[
		("Int", 0, "0"),
		("Int", None, ""),
		("Int", "007", "7"),
		("Float", 1e-9, "0.000000001"),
		("Float", 0.1 + 0.2, "0.3"),
		("Float", -0.0, "0"),
		("Currency", Decimal("1000000.500000000"), "1000000.5"),
		("Check", True, "1"),
		("Check", False, "0"),
		("Rating", 0.1, "0.5"),
		("Rating", 1, "5"),
		("Rating", 0.3333, "1.5"),
		("Rating", "broken", "broken"),
		("Data", 5, "5"),
		("Data", "05", "05"),
		("Date", date(2030, 1, 2), "2030-01-02"),
	],
)
def test_a_number_has_one_spelling(fieldtype: str, value: Any, word: str) -> None:
	assert field_types.as_word(Field(fieldtype), value) == word


@pytest.mark.parametrize("stars", range(1, 11))
def test_stars_come_back_from_what_frappe_stores(stars: int) -> None:
	for count in range(1, stars + 1):
		field = Field("Rating", str(stars))
		stored = round(field_types.as_value(field, str(count)), 2)  # as MariaDB keeps it
		assert field_types.as_word(field, stored) == str(count)


def test_more_stars_and_a_ticked_box_are_more_urgent() -> None:
	assert [field_types.urgency(Field("Rating"), str(n)) for n in (1, 2.5, 5)] == [10, 25, 50]
	assert field_types.urgency(Field("Check"), "1") > field_types.urgency(Field("Check"), "0")
	assert field_types.urgency(Field("Int"), "1") == 0  # 1 may be the first or the last
