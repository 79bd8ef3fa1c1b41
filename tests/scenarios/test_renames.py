"""A name that is stored follows its rename: of a priority, a team, a person, a DocType, whatever a plan or an item names.

A rename ends, starts, moves and replaces nothing; new tickets match as before.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import frappe
import pytest
from frappe.custom.doctype.custom_field.custom_field import rename_fieldname

from escalation_mgmt import engine
from escalation_mgmt.actions import snooze
from escalation_mgmt.dispatch import dispatcher
from escalation_mgmt.dispatch.evaluation import Snapshot
from escalation_mgmt.preflight import readiness
from escalation_mgmt.storage import action_items
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import ITEM, TICKET_STATE
from tests.on_site import without_rule
from tests.profiles import NIGHTLY
from tests.world import World, helpdesk_versions

pytestmark = pytest.mark.one_database("mariadb")

NAME = object()
SECOND = "second@x.test"  # everybody's
MONTH = 30 * 24 * 60


@pytest.fixture
def made(world: World) -> Iterator[Any]:
	"""Documents of others that a test needs, removed at its end under whatever name they have by then."""
	known: list[tuple[str, str]] = []

	class Made:
		def new(self, doctype: str, **values: Any) -> str:
			name = values.pop("name", None)
			for stale in (
				name,
				values.get("team_name"),
				values.get("customer_name"),
				values.get("label_agent"),
			):
				if isinstance(stale, str) and frappe.db.exists(doctype, stale):
					frappe.delete_doc(doctype, stale, force=True)
			doc = frappe.get_doc({"doctype": doctype, **values}).insert(
				set_name=name, ignore_permissions=True
			)
			known.append((doctype, doc.name))
			frappe.db.commit()
			return doc.name

		def rename(self, doctype: str, old: str, new: str, **how: Any) -> None:
			if not frappe.db.exists(doctype, new) and new != SECOND:
				known.append((doctype, new))
			frappe.rename_doc(doctype, old, new, force=True, show_alert=False, **how)
			frappe.db.commit()

		def agree(self, priority: str) -> None:
			"""Every agreement knows it: Helpdesk takes no ticket of another."""
			for name in frappe.get_all("HD Service Level Agreement", pluck="name"):
				agreement = frappe.get_doc("HD Service Level Agreement", name)
				like = frappe.copy_doc(agreement.priorities[0], ignore_no_copy=False)
				row = agreement.append(
					"priorities",
					{
						**like.as_dict(no_nulls=True),
						"name": None,
						"priority": priority,
						"default_priority": 0,
					},
				)
				row.db_insert()
				added.append(row.name)
			frappe.clear_cache()
			frappe.db.commit()

		def fresh(self, doctype: str, names: tuple[str, ...]) -> None:
			"""These, whatever became of them before."""
			for kind, name in [each for each in known if each[0] == doctype]:
				if frappe.db.exists(kind, name):
					frappe.delete_doc(kind, name, force=True)
				known.remove((kind, name))
			if doctype == "HD Ticket Priority":
				for row in added:
					frappe.db.delete("HD Service Level Priority", {"name": row})
			create(self, doctype, *names)

		def swap_person(self) -> None:
			"""second@x.test has another name, or has it back."""
			if back:
				self.rename("User", *back.pop())
			else:
				self.person("second@x.test", "renamed@x.test")

		def people_back(self) -> None:
			while back:
				self.rename("User", *back.pop())

		def person(self, old: str, new: str) -> None:
			"""Renamed, and back at the end: the people of the scenarios are everybody's."""
			self.rename("User", old, new)
			back.append((new, old))

	back: list[tuple[str, str]] = []
	added: list[str] = []
	yield Made()
	frappe.db.rollback()
	world.clean()
	for name in added:
		frappe.db.delete("HD Service Level Priority", {"name": name})
	for new, old in back:
		frappe.rename_doc("User", new, old, force=True, show_alert=False)
	for doctype, name in reversed(known):
		if frappe.db.exists(doctype, name):
			frappe.delete_doc(doctype, name, force=True, ignore_permissions=True)
	frappe.db.commit()


FACTS = {
	# DocType: (the ticket's field, the plan's, the item's column, what a new one needs beside its name)
	"HD Ticket Priority": ("priority", "priorities", "priority", {"integer_value": 150, "level": "High"}),
	"HD Team": ("agent_group", "team", "team", {"team_name": NAME, "users": [{"user": SECOND}]}),
	"HD Ticket Type": ("ticket_type", "ticket_type", "ticket_type", {}),
	"HD Customer": ("customer", "customer", "customer", {"customer_name": NAME}),
}


def create(made: Any, doctype: str, *names: str) -> None:
	for name in names:
		values = {key: name if value is NAME else value for key, value in FACTS[doctype][3].items()}
		made.new(doctype, **({"name": name} | values if NAME not in FACTS[doctype][3].values() else values))
		if doctype == "HD Ticket Priority":
			made.agree(name)
		elif doctype == "HD Team":
			without_rule(name)


def asking(doctype: str, *names: str) -> dict[str, Any]:
	"""What a plan says to take these alone."""
	column = FACTS[doctype][1]
	return {"priorities": list(names)} if column == "priorities" else {"priorities": [], column: names[0]}


@pytest.mark.parametrize("merge", [False, True], ids=["renamed", "merged"])
@pytest.mark.parametrize("doctype", FACTS)
def test_a_plan_and_its_running_escalation_follow_a_name(
	world: World, made: Any, doctype: str, merge: bool
) -> None:
	field, _column, remembered, _values = FACTS[doctype]
	create(made, doctype, "One", *(["Two"] if merge else []))
	world.plan((0, "Email", "User", "lead@x.test"), **asking(doctype, "One"))
	ticket = world.ticket(**{"to": "", field: "One"})
	before = world.item(ticket)
	made.rename(doctype, "One", "Two", merge=merge)
	world.sweep()
	item = world.item(ticket)
	assert (item.status, item.get(remembered)) == ("Scheduled", "Two"), world.lines(item)
	if doctype == "HD Ticket Priority":  # a rename is no raise
		assert frappe.db.get_value(TICKET_STATE, {"reference_name": str(ticket.name)}, "priority") == "Two"
	assert item.version > before.version  # whoever had read it decides anew
	later = world.ticket(**{"to": "", "subject": "logged later", field: "Two"})
	assert world.item(later).status == "Scheduled"
	world.sweep()
	assert world.count_items() == 2
	world.forward(10)
	world.expect_email("lead@x.test", ticket.subject)
	world.expect_email("lead@x.test", "logged later")


@pytest.mark.parametrize("doctype", FACTS)
def test_what_has_ended_is_not_begun_again(world: World, made: Any, doctype: str) -> None:
	"""By the facts of its last item a ticket is kept from another: they follow as well."""
	create(made, doctype, "One", "Two")
	world.plan((0, "Email", "User", "lead@x.test"), **asking(doctype, "One"))
	ticket = world.ticket(**{"to": "", FACTS[doctype][0]: "One"})
	world.forward(10)
	world.expect_email("lead@x.test", ticket.subject)
	world.forward(30)
	assert world.item(ticket).status == "Exhausted"
	world.inbox.take_all()
	made.rename(doctype, "One", "Two", merge=True)
	frappe.get_doc("HD Ticket", ticket.name).save()
	world.sweep()
	assert world.count_items() == 1


NOT_TAKEN = [
	pytest.param(
		*each, id=f"{each[0]}-{'merged' if each[1] else 'renamed'}-deadline {'over' if each[2] else 'ahead'}"
	)
	for each in product(FACTS, (False, True), (0, MONTH))
]


@pytest.mark.parametrize(("doctype", "merge", "wait"), NOT_TAKEN if NIGHTLY else NOT_TAKEN[::5])
def test_what_no_plan_took_is_not_started_by_a_name(
	world: World, made: Any, doctype: str, merge: bool, wait: int
) -> None:
	field = FACTS[doctype][0]
	create(made, doctype, "One", "Two", "Three")
	world.plan((0, "Email", "User", "lead@x.test"), **asking(doctype, "Two"))
	ticket, other = (world.ticket(**{"to": "", "subject": n, field: n}) for n in ("One", "Three"))
	world.sweep()
	world.wait(wait)
	if not merge:
		frappe.delete_doc(doctype, "Two", force=True)
		frappe.db.commit()
	made.rename(doctype, "One", "Two", merge=merge)
	world.wait(1)
	world.sweep()
	frappe.get_doc("HD Ticket", ticket.name).save()
	frappe.db.commit()
	world.sweep()
	assert world.count_items() == 0
	assert world.item(world.ticket(**{"to": "", "subject": "later", field: "Two"})).status == "Scheduled"
	if not wait:  # what changes is a change, before as after
		for doc, name in ((other, "Two"), (ticket, "Three"), (ticket, "Two")):
			doc.reload().update({field: name}).save()
			frappe.db.commit()
		assert world.item(other).status == world.item(ticket).status == "Scheduled"


@pytest.mark.parametrize("column", ["ticket_created", "renamed_utc"])
def test_others_rename_before_the_site_is_migrated(world: World, made: Any, column: str) -> None:
	"""The new version is there, its columns aren't yet: as in a patch of another app that runs before."""
	if column == "ticket_created" and frappe.db.db_type == "sqlite":
		pytest.skip("it takes the name of a column that isn't there for a text")
	create(made, "HD Team", "One", "Two")
	world.plan((0, "Email", "User", "lead@x.test"), priorities=[], team="Two")
	table = ITEM if column == "ticket_created" else TICKET_STATE
	frappe.db.sql_ddl(f"alter table `tab{table}` rename column `{column}` to `not_yet`")
	try:
		made.rename("HD Team", "One", "Two", merge=True)
	finally:
		frappe.db.sql_ddl(f"alter table `tab{table}` rename column `not_yet` to `{column}`")
	world.expect_error("the site isn't migrated yet")
	assert not frappe.db.exists("HD Team", "One")


def test_a_plan_that_named_both_names_one(world: World, made: Any) -> None:
	create(made, "HD Ticket Priority", "One", "Two")
	plan = world.plan((0, "Email", "User", "lead@x.test"), priorities=["One", "Two", "High"])
	made.rename("HD Ticket Priority", "One", "Two", merge=True)
	plan.reload()
	assert [row.priority for row in plan.priorities] == ["Two", "High"]
	plan.save()


def test_a_snoozed_escalation_is_not_woken_by_a_merge(world: World, made: Any) -> None:
	"""The priority is another one's level now; it wasn't raised."""
	create(made, "HD Ticket Priority", "One", "Two")
	world.plan((0, "Email", "User", "lead@x.test"), priorities=["One"])
	ticket = world.ticket(to="", priority="One")
	world.forward(10)
	world.expect_email("lead@x.test")
	snooze.snooze(
		world.item(ticket).name,
		str(clock.to_site(world.now + timedelta(hours=1))),
		engine.Actor(name="Leo", user="lead@x.test", via="Desk"),
	)
	assert world.item(ticket).status == "Snoozed"
	helpdesk_versions.set_urgency("Two", "Urgent")
	frappe.clear_document_cache("HD Ticket Priority", "Two")
	made.rename("HD Ticket Priority", "One", "Two", merge=True)
	world.sweep()
	assert world.item(ticket).status == "Snoozed"


def test_who_read_an_item_before_decides_anew(world: World, made: Any) -> None:
	"""A dispatcher that still has the old names in its hand writes nothing of them."""
	create(made, "HD Ticket Priority", "One")
	world.plan((0, "Email", "User", "lead@x.test"), priorities=["One"])
	ticket = world.ticket(to="", priority="One")
	name = world.item(ticket).name
	(stale,) = action_items.read([name])
	snapshot = Snapshot([stale.key])
	decision = engine.evaluate(
		stale.item,
		snapshot.tickets[stale.key],
		[],
		lambda _plan: False,
		snapshot.context(stale, snapshot.tickets[stale.key], world.now),
	)
	assert decision and decision.item.status == "Cancelled"
	made.rename("HD Ticket Priority", "One", "Two")
	with pytest.raises(rows.Conflict):
		snapshot.apply([(stale, decision)], world.now)
	frappe.db.rollback()
	assert world.item(ticket).status == "Scheduled"


@pytest.mark.parametrize(
	("condition", "after"),
	[
		("doc.priority == 'One'", "doc.priority == 'Two'"),
		("doc.get('priority') in (\"One\", 'Low')", "doc.get('priority') in ('Two', 'Low')"),
		("{'One': 1}.get(doc.priority)", "{'Two': 1}.get(doc.priority)"),
		(
			"doc['priority'] == 'One' and doc.subject != 'One'",
			"doc['priority'] == 'Two' and doc.subject != 'One'",
		),
		("('ü' and\n doc.priority == 'One')", "('ü' and\n doc.priority == 'Two')"),
	],
)
def test_a_condition_follows_too(world: World, made: Any, condition: str, after: str) -> None:
	create(made, "HD Ticket Priority", "One")
	plan = world.plan((0, "Email", "User", "lead@x.test"), priorities=[], condition=condition)
	ticket = world.ticket(to="", priority="One")
	made.rename("HD Ticket Priority", "One", "Two")
	world.sweep()
	assert world.item(ticket).status == "Scheduled"
	assert frappe.db.get_value("Escalation Plan", plan.name, "condition") == after
	assert world.item(world.ticket(to="", priority="Two")).status == "Scheduled"


def test_a_text_that_cannot_follow_is_named(world: World, made: Any) -> None:
	create(made, "HD Ticket Priority", "One")
	world.plan(
		(0, "Email", "User", "lead@x.test", "{% if ticket.priority == 'One' %}Run{% endif %}"),
		priorities=["One"],
	)
	frappe.clear_messages()
	made.rename("HD Ticket Priority", "One", "Two")
	said = str(frappe.get_message_log())
	assert "Message of Escalation Plan Outage still says One" in said and "write Two there" in said


def test_the_people_of_an_escalation_follow(world: World, made: Any) -> None:
	"""Whom a step names, who owns the plan, who was added, asked and has acknowledged."""
	world.plan(
		(0, "Email", "User", "second@x.test"),
		(10, "Email", "User", "second@x.test"),
		plan_owner="second@x.test",
		priorities=["Low"],
	)
	ticket = world.ticket(priority="Low", to="")
	item = world.item(ticket)
	asked = json.dumps([[1, 2, ["second@x.test", "lead@x.test"], []]])
	frappe.db.set_value(
		ITEM, item.name, {"added": '["second@x.test"]', "ack_requests": asked, "acks": '["second@x.test"]'}
	)
	made.person("second@x.test", "renamed@x.test")
	(stored,) = action_items.read([item.name])
	new = "renamed@x.test"
	assert (stored.item.added, stored.item.acks, stored.item.plan.owner) == ((new,), (new,), new)
	assert stored.item.ack_requests[0].people == (new, "lead@x.test")
	frappe.db.set_value(ITEM, item.name, {"added": None, "ack_requests": None, "acks": None})
	world.forward(10)
	world.expect_email(new)
	frozen = frappe.get_all("Escalation Plan Version", pluck="content")
	assert frozen and not any("second@x.test" in content for content in frozen)


def test_undone_after_a_rename_it_is_as_it_was_by_the_new_name(world: World, made: Any) -> None:
	"""What an undo restores follows, too; and whoever is called as their user is keeps their name."""
	world.plan((0, "Email", "User", "lead@x.test"), priorities=["Low"])
	ticket = world.ticket(priority="Low", to="")
	item = world.item(ticket).name
	coming = [["second@x.test", "second@x.test"]]
	restores = {"status": "Escalating", "stood_still": 0, "acks": ["second@x.test"], "coming": coming}
	frappe.db.set_value(ITEM, item, {"coming": json.dumps(coming), "undo_restores": json.dumps(restores)})
	made.person("second@x.test", "renamed@x.test")
	(stored,) = action_items.read([item])
	new, before = "renamed@x.test", stored.item.before
	assert before and (before.status, before.acks, before.coming) == ("Escalating", (new,), ((new, new),))
	assert stored.item.coming == ((new, new),)
	frappe.db.set_value(ITEM, item, {"coming": None, "undo_restores": None})


def test_of_two_people_who_become_one_a_contact_is_left(world: World, made: Any) -> None:
	for user in ("one@x.test", "two@x.test"):
		made.new("User", email=user, first_name=user, send_welcome_email=0)
		world.contact(user, f"+491511234560{len(user)}")
	plan = world.plan((0, "Email", "User", "one@x.test"), (5, "Email", "User", "two@x.test"))
	made.rename("User", "one@x.test", "two@x.test", merge=True)
	assert frappe.get_all("Escalation Contact", pluck="user") == ["two@x.test"]
	assert [row.user for row in plan.reload().steps or plan.steps] == ["two@x.test"] * 2


def test_a_message_to_an_endpoint_finds_it(world: World, made: Any) -> None:
	world.endpoint()
	world.plan((0, "HTTP POST", "Endpoint", "Pager"))
	ticket = world.ticket(to="")
	world.wait(10)
	dispatcher.tick(lambda: None)
	assert world.messages(world.item(ticket))[0].address == "Pager"
	made.rename("Escalation Endpoint", "Pager", "Beeper")
	world.forward(0)
	world.expect_page()


def test_an_item_that_is_renamed_keeps_its_messages(world: World) -> None:
	world.plan((0, "Email", "User", "lead@x.test"))
	ticket = world.ticket(to="")
	world.forward(10)
	link = world.expect_email("lead@x.test").links[0]
	frappe.rename_doc(ITEM, world.item(ticket).name, "ESC-renamed", force=True, show_alert=False)
	frappe.db.commit()
	assert frappe.get_all("Escalation Notification Secret", pluck="action_item") == ["ESC-renamed"]
	world.post(link)
	assert world.item(ticket).status == "Acknowledged"


def test_role_calendar_plan_and_agreement_follow(world: World, made: Any) -> None:
	made.new("Role", role_name="Night Shift")
	world.calendar("9:00-18:00")
	plan = world.plan(
		(0, "Email", "Role", "Night Shift"), calendar="Escalation Calendar", escalation_calendar="Office",
		count_working_time=1,
	)  # fmt: skip
	item = world.item(world.ticket(to=""))
	made.rename("Role", "Night Shift", "Late Shift")
	made.rename("Escalation Calendar", "Office", "Bureau")
	made.rename("Escalation Plan", plan.name, "Power Cut")
	world.sweep()
	(stored,) = action_items.read([item.name])
	frozen = stored.item.plan
	assert (frozen.name, frozen.calendar_name, frozen.steps[0].target.value) == (
		"Power Cut",
		"Bureau",
		"Late Shift",
	)
	assert stored.item.status == "Scheduled"
	assert frappe.db.get_value("Escalation Plan Version", stored.plan_version, "plan") == "Power Cut"
	assert world.item(world.ticket(to="")).plan == "Power Cut"


def test_a_renamed_status_is_no_work_on_the_ticket(world: World, made: Any) -> None:
	"""By its status it is told whether somebody who acknowledged has done anything."""
	made.new("HD Ticket Status", label_agent="Waiting", category="Open", color="Gray", order=9, enabled=1)
	world.plan((0, "Email", "User", "lead@x.test"), ack_timeout=1800, ack_grace=300)
	ticket = world.ticket(to="")
	world.change(ticket, status="Waiting")
	world.forward(10)
	world.post(world.expect_email("lead@x.test").links[0])
	made.rename("HD Ticket Status", "Waiting", "On the Way")
	world.sweep()
	assert world.item(ticket).ticket_status == "On the Way"
	world.forward(30)
	world.expect_email("lead@x.test", "Are you still on ticket")


@pytest.fixture
def complaints(made: Any) -> str:
	"""A DocType of somebody else's, with priorities and statuses of its own."""
	for kind in ("Urgency", "Progress"):
		made.new("DocType", name=f"Complaint {kind}", module="Custom", custom=1, autoname="prompt", allow_rename=1,
			fields=[{"fieldname": "note", "fieldtype": "Data", "label": "Note"}], permissions=[{"role": "System Manager", "read": 1, "write": 1}])  # fmt: skip
	for name in ("Red", "Amber"):
		made.new("Complaint Urgency", name=name)
	for name in ("Raised", "Done"):
		made.new("Complaint Progress", name=name)
	made.new("DocType", name="Complaint", module="Custom", custom=1, autoname="hash", permissions=[{"role": "System Manager", "read": 1, "write": 1}],
		fields=[
			{"fieldname": "subject", "fieldtype": "Data", "label": "Subject"},
			{"fieldname": "urgency", "fieldtype": "Link", "options": "Complaint Urgency", "label": "Urgency"},
			{"fieldname": "progress", "fieldtype": "Link", "options": "Complaint Progress", "label": "Progress"},
		])  # fmt: skip
	settings = frappe.get_doc("Escalation Settings")
	settings.append(
		"sources",
		{
			"reference_doctype": "Complaint", "subject_field": "subject", "priority_field": "urgency",
			"status_field": "progress", "resolved_statuses": "Done",
		},
	)  # fmt: skip
	settings.save()
	frappe.db.commit()
	return "Complaint"


def test_the_tickets_own_doctype_follows(world: World, made: Any, complaints: str) -> None:
	if frappe.db.db_type != "mariadb":
		pytest.skip("Frappe doesn't rename a DocType on SQLite")
	frappe.db.sql_ddl("drop table if exists `tabGrievance`")  # of an earlier run on this site
	world.plan((0, "Email", "User", "lead@x.test"), reference_doctype=complaints, priorities=["Red"])

	def complain(doctype: str) -> Any:
		return frappe.get_doc(
			{"doctype": doctype, "subject": "x", "urgency": "Red", "progress": "Raised"}
		).insert()

	first = complain(complaints)
	item = world.item(first)
	made.rename("DocType", complaints, "Grievance")
	made.rename("Complaint Urgency", "Red", "Crimson")
	made.rename("Complaint Progress", "Done", "Over")
	world.sweep()
	kept = frappe.get_doc(ITEM, item.name)
	assert (kept.status, kept.running_ticket, kept.priority) == (
		"Scheduled",
		f"Grievance/{first.name}",
		"Crimson",
	)
	assert world.count_items() == 1
	frappe.get_doc({"doctype": "Grievance", "urgency": "Crimson", "progress": "Raised"}).insert()
	world.sweep()
	assert world.count_items() == 2
	frappe.get_doc("Grievance", first.name).update({"progress": "Over"}).save()
	assert frappe.db.get_value(ITEM, item.name, "status") == "Resolved"


def test_a_name_that_leads_nowhere_is_found(world: World, made: Any) -> None:
	create(made, "HD Ticket Priority", "One")
	create(made, "HD Team", "Early")
	create(made, "HD Customer", "Acme")
	plan = world.plan(
		(0, "Email", "Team", "Early"), priorities=["One"], customer="Acme", condition="doc.priority != 'One'"
	)
	maintenance = frappe.get_doc(
		{
			"doctype": "Escalation Maintenance", "scope": "Team", "team": "Early", "reason": "x",
			"starts_at": clock.to_site(world.now + timedelta(hours=1)),
			"ends_at": clock.to_site(world.now + timedelta(hours=2)),
		}
	).insert()  # fmt: skip
	for doctype, name in (("HD Ticket Priority", "One"), ("HD Team", "Early"), ("HD Customer", "Acme")):
		frappe.delete_doc(doctype, name, force=True)
	found = {finding.problem: finding.remedies[0] for finding in readiness.findings()}
	said = "\n".join(found)
	for words in (
		"Plan Outage: There is no HD Ticket Priority One. Choose one that is offered under Priority.",
		"Plan Outage: There is no HD Customer Acme. Choose one that is offered under Customer.",
		"Plan Outage: Step 1: There is no HD Team Early. Choose one that is offered under Team.",
		"A maintenance is for the Team Early, which isn't there",
	):
		assert words in said, said
	assert any(remedy.name == plan.name for remedy in found.values())
	assert any(remedy.name == maintenance.name for remedy in found.values())
	with pytest.raises(frappe.ValidationError, match="There is no HD Ticket Priority One"):
		plan.save()
	frappe.db.rollback()
	plan.reload()
	plan.enabled = 0  # who switches it off needn't mend it
	plan.save()


def test_a_condition_and_the_settings_may_lead_nowhere(world: World, made: Any, complaints: str) -> None:
	world.plan((0, "Email", "User", "lead@x.test"), priorities=[], condition="doc.priority == 'Nope'")
	assert any("compares Priority with Nope, which it can't be" in f.problem for f in readiness.findings())
	frappe.delete_doc("Complaint Progress", "Done", force=True)
	assert any("There is no Complaint Progress Done" in f.problem for f in readiness.findings())


def test_a_plan_spells_names_as_tickets_do(world: World) -> None:
	if frappe.db.db_type != "mariadb":
		pytest.skip("this database minds capitals")
	world.plan((0, "Email", "User", "lead@x.test"), priorities=["hIGH"])
	assert world.item(world.ticket(to="")).status == "Scheduled"


def test_a_field_that_is_renamed_is_read_by_its_new_name(world: World, made: Any, complaints: str) -> None:
	name = made.new(
		"Custom Field", dt=complaints, fieldname="boss", fieldtype="Link", options="User", label="Boss"
	)
	world.plan((0, "Email", "User Field", "boss"), reference_doctype=complaints, priorities=["Red"])
	frappe.get_doc(
		{"doctype": complaints, "urgency": "Red", "progress": "Raised", "boss": "lead@x.test"}
	).insert()
	rename_fieldname(name, f"chief_{frappe.generate_hash(length=6)}")
	world.forward(10)
	world.expect_email("lead@x.test")


def test_a_rename_opens_nothing_for_a_ticket_that_another_clock_runs_for(world: World, made: Any) -> None:
	create(made, "HD Team", "One", "Two")
	world.plan((0, "Email"))
	world.plan((0, "Email"), title="Resolve", clock="Resolution", team="Two")
	ticket = world.ticket(agent_group="One")
	made.rename("HD Team", "One", "Two", merge=True)
	world.sweep()
	assert world.count_items() == 1 and world.item(ticket).status == "Scheduled"
