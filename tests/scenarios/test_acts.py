"""Scenario 37: steps that act on the ticket, each once, whatever dies meanwhile; and their item goes on."""

from typing import Any

import frappe
import pytest

from escalation_mgmt.actions.acknowledge import acknowledge
from escalation_mgmt.api import plans as plans_api
from escalation_mgmt.dispatch import acts as carrying_out
from escalation_mgmt.dispatch import monitor, ticket_acts
from escalation_mgmt.engine import Act, Actor
from escalation_mgmt.operations import retention
from escalation_mgmt.views import step_targets
from tests.held import held
from tests.scenarios.test_crash import killed
from tests.world import World
from tests.world.setting_up import needs

TECH, LEAD = "tech@x.test", "lead@x.test"


def acts(world: World, *steps: dict[str, Any], title: str = "Acting", **more: Any) -> Any:
	"""A plan whose steps act; each is {"method", ...} as a row of the form has it."""
	plan = world.plan((0, "Email"), title=title, **more)
	plan.set("steps", [{"wait": 0, "whom": "Assignee", **step} for step in steps])
	plan.save()
	frappe.db.commit()
	return plan


def states() -> list[str]:
	frappe.db.commit()
	return frappe.get_all("Escalation Deed", pluck="state", order_by="name")


def test_37_the_priority_is_raised_and_the_item_goes_on(world: World) -> None:
	acts(world, {"method": "Raise the Priority", "set_priority": "Urgent"}, {"method": "Email", "wait": 300})
	world.plan((0, "Email", "User", LEAD), title="Urgent ones", priorities=["Urgent"], rank=1)
	ticket = world.ticket()
	world.forward(10)
	assert frappe.db.get_value("HD Ticket", ticket.name, "priority") == "Urgent"
	item = world.item(ticket)
	assert (item.status, item.priority, item.acted) == ("Escalating", "Urgent", 1)
	world.sweep()
	world.forward(5)
	world.expect_email(TECH)
	assert world.count_items() == 1 and states() == ["Done"]
	assert "The priority was raised from High to Urgent." in world.lines(item)


RAISE = {"method": "Raise the Priority", "set_priority": "Urgent"}
ASSIGN = {"method": "Assign the Ticket", "whom": "User", "user": LEAD}
COMMENT = {"method": "Internal Comment", "message": "Step {{ step }}: {{ ticket.subject }} <b>waits</b>"}
TELL = {"method": "Message to the Customer", "message": "We work on {{ ticket.name }}.\nPatience, please."}
TEAM = {"method": "Set the Team", "set_team": "Network"}
STATUS = {"method": "Set the Status", "set_status": "Open"}
LATER = {"method": "Email", "wait": 300, "whom": "User", "user": LEAD}


def of_ticket(doctype: str, ticket: Any, field: str = "reference_name", **more: Any) -> list[Any]:
	frappe.db.commit()
	return frappe.get_all(
		doctype, filters={field: str(ticket.name), **more}, fields=["*"], order_by="creation"
	)


def todos(ticket: Any) -> list[str]:
	return [row.allocated_to for row in of_ticket("ToDo", ticket, status="Open")]


def test_37_assigned_and_who_was_notified_is_told(world: World) -> None:
	acts(world, {"method": "Email"}, {**ASSIGN, "wait": 300}, {"method": "Email", "wait": 300})
	ticket = world.ticket()
	world.forward(10)
	world.expect_email(TECH, "Server outage")
	world.forward(5)
	assert todos(ticket) == [LEAD]
	world.expect_email(TECH, "is assigned to Leo Lead now")
	item = world.item(ticket)
	assert frappe.parse_json(item.assignees) == [LEAD] and item.status == "Escalating"
	world.sweep()
	world.forward(5)
	world.expect_email(LEAD, "Server outage")
	said = world.lines(item)
	assert "Step 2: assign the ticket to Leo Lead." in said
	assert "The ticket was assigned to Leo Lead." in said and world.kinds(item).count("Assignee Changed") == 1


@pytest.mark.parametrize("wait", [0, 300], ids=["beside", "after"])
def test_an_act_that_assigns_what_reached_nobody_lets_it_begin_again(world: World, wait: int) -> None:
	"""Its plan has no step for people after it: nothing but this act could."""
	acts(world, {"method": "Email"}, {**ASSIGN, "wait": wait}, last_wait=600)
	ticket = world.ticket(to="")
	world.forward(10)
	assert todos(ticket) == [LEAD]
	world.expect_email("owner@x.test", "Nobody could be notified")
	world.expect_email(LEAD, "Server outage")
	item = world.item(ticket)
	assert not item.stalled and "Started Again" in world.kinds(item)
	world.forward(5)
	assert states() == ["Done"]


def test_37_the_team_and_the_status(world: World) -> None:
	needs("HD Team")
	if not frappe.db.exists("HD Ticket Status", "In Hand"):
		new = {"doctype": "HD Ticket Status", "label_agent": "In Hand", "category": "Open", "color": "Gray"}
		frappe.get_doc(new).insert()
	acts(world, TEAM, {"method": "Set the Status", "set_status": "In Hand"}, LATER)
	ticket = world.ticket()
	world.forward(10)
	row = frappe.db.get_value("HD Ticket", ticket.name, ["agent_group", "status", "status_category"])
	assert row == ("Network", "In Hand", "Open") and states() == ["Done", "Done"]
	item = world.item(ticket)
	assert (item.status, item.team) == ("Escalating", "Network")
	assert "The team was set to Network; before none." in world.lines(item)


def test_37_whom_a_rule_assigns_by_the_new_team_is_news_for_whoever_was_notified(world: World) -> None:
	needs("HD Team")
	days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
	rule = frappe.new_doc("Assignment Rule")
	rule.update(
		{
			"name": "Network's",
			"document_type": "HD Ticket",
			"description": "Network",
			"rule": "Round Robin",
			"priority": 9,
			"assign_condition": 'agent_group == "Network"',
			"users": [{"user": LEAD}],
			"assignment_days": [{"day": day} for day in days],
		}
	)
	rule.insert()
	try:
		first = {"method": "Email", "whom": "User", "user": "second@x.test"}
		acts(world, first, {**TEAM, "wait": 300}, {"method": "Email", "wait": 300})
		ticket = world.ticket(to="")
		world.forward(10)
		world.expect_email("second@x.test", "Server outage")
		world.forward(5)
		assert todos(ticket) == [LEAD]
		item = world.item(ticket)
		kinds = world.kinds(item)
		assert kinds.index("Act Done") < kinds.index("Assignee Changed") and item.status == "Escalating"
		world.tick()
		world.expect_email("second@x.test", "is assigned to Leo Lead now")
		world.forward(5)
		world.expect_email(LEAD, "Server outage")
	finally:
		frappe.db.rollback()
		rule.delete()
		frappe.db.commit()


def test_37_an_internal_comment_that_no_customer_reads(world: World) -> None:
	acts(world, COMMENT, LATER)
	ticket = world.ticket("Tom & <i>Jerry</i>")
	world.forward(10)
	(said,) = of_ticket("HD Ticket Comment", ticket, "reference_ticket")
	assert "Step 1: Tom &amp; " in said.content and "<b>" not in said.content.replace("&lt;b&gt;", "")
	assert not of_ticket("Communication", ticket, communication_type="Automated Message")


def test_37_the_customer_is_told_and_no_clock_is_answered(world: World) -> None:
	for clock in ("First Response", "Next Response", "Resolution"):
		more = {"window": 1200} if clock == "Next Response" else {}
		acts(world, {**TELL, "wait": 60}, LATER, title=clock, clock=clock, **more)
	ticket = world.ticket()
	world.forward(10)
	world.forward(1)
	before = ticket.reload() and ticket.first_responded_on
	said = of_ticket("Communication", ticket, communication_type="Automated Message")
	assert len(said) == 2 and said[0].sent_or_received == "Sent" and said[0].recipients == "customer@x.test"
	assert "We work on" in said[0].content and "<br>" in said[0].content
	queued = frappe.get_all("Email Queue", filters={"communication": said[0].name}, pluck="name")
	assert len(queued) == 1
	with pytest.MonkeyPatch.context() as patch:  # while it is tested Frappe sends nothing
		patch.setattr(frappe.flags, "in_test", False)
		patch.setattr(frappe, "in_test", False, raising=False)
		frappe.get_doc("Email Queue", queued[0]).send()
	mail = world.expect_email("customer@x.test", "We work on")
	assert mail.headers["x-auto-generated"]
	ticket.reload()
	assert not before and not ticket.first_responded_on and not ticket.last_agent_response
	world.sweep()
	frappe.db.commit()
	assert {row.status for row in of_ticket("Escalation Action Item", ticket)} == {"Escalating"}


@pytest.mark.parametrize(
	"fault",
	[
		"dispatcher.set.before:1",
		"dispatcher.set.after:1",
		"act.before:1",
		"act.after:2",
		"act.before:5",
		"act.after:5",
	],
)
def test_37_each_once_also_when_killed(world: World, fault: str) -> None:
	acts(world, RAISE, ASSIGN, TEAM, COMMENT, TELL, LATER)
	world.plan((0, "Email", "User", LEAD), title="Urgent ones", priorities=["Urgent"], rank=1)
	ticket = world.ticket()
	world.wait(10)
	assert killed(world, fault)
	world.tick()
	world.sweep()
	ticket.reload()
	assert (ticket.priority, ticket.agent_group) == ("Urgent", "Network") and todos(ticket) == [LEAD]
	assert len(of_ticket("HD Ticket Comment", ticket, "reference_ticket")) == 1
	(said,) = of_ticket("Communication", ticket, communication_type="Automated Message")
	assert frappe.db.count("Email Queue", {"communication": said.name}) == 1
	item = world.item(ticket)
	assert states() == ["Done"] * 5 and world.kinds(item).count("Act Done") == 5
	assert item.status == "Escalating" and world.count_items() == 1
	world.forward(5)
	world.expect_email(LEAD)


def test_no_plan_opens_beside_it_once_it_has_ended_either(world: World) -> None:
	acts(world, RAISE, last_wait=60)
	world.plan((0, "Email", "User", LEAD), title="Urgent ones", priorities=["Urgent"], rank=1)
	ticket = world.ticket()
	world.forward(10)
	world.forward(1)
	assert world.item(ticket).status == "Exhausted"
	world.expect_email("owner@x.test", "Nobody acknowledged")
	world.sweep()
	world.change(ticket, subject="Another")
	assert world.count_items() == 1
	world.change(ticket, priority="Low")
	world.change(ticket, priority="Urgent")  # by a person
	world.tick()
	assert world.count_items() == 2


def test_a_machines_raise_of_an_answered_ticket_opens_no_first_response(world: World) -> None:
	"""A person's would: nobody has answered it since."""
	acts(world, {**RAISE, "wait": 300}, LATER, title="Resolving", clock="Resolution", start="At Once")
	world.plan((0, "Email", "User", LEAD), title="Urgent ones", priorities=["Urgent"], rank=1)
	ticket = world.ticket()
	world.reply(ticket)
	world.tick()
	world.forward(5)
	assert frappe.db.get_value("HD Ticket", ticket.name, "priority") == "Urgent" and states() == ["Done"]
	world.sweep()
	world.change(ticket, subject="Another")
	assert world.count_items() == 1 and world.item(ticket).status == "Escalating"


def test_what_somebody_else_changes_meanwhile_still_moves_it(world: World) -> None:
	acts(world, COMMENT, LATER)
	world.plan((0, "Email", "User", LEAD), title="Urgent ones", priorities=["Urgent"], rank=1)
	ticket = world.ticket()
	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(carrying_out, "carry_out", lambda: 0)
		world.forward(10)
	frappe.db.set_value("HD Ticket", ticket.name, "priority", "Urgent", update_modified=False)
	world.tick()
	world.sweep()
	assert states() == ["Done"] and world.item(ticket).plan == "Urgent ones"


def test_never_lowered_and_never_resolved(world: World) -> None:
	acts(world, {"method": "Raise the Priority", "set_priority": "Medium"}, LATER)
	ticket = world.ticket()
	world.forward(10)
	assert frappe.db.get_value("HD Ticket", ticket.name, "priority") == "High"
	assert "The priority stays High: it is not less urgent than Medium." in world.lines(world.item(ticket))
	for status in ("Resolved", "Closed"):
		with pytest.raises(frappe.ValidationError, match="no plan resolves a ticket"):
			acts(world, {"method": "Set the Status", "set_status": status}, title=status)


def test_an_act_that_fails_says_why_and_stops_no_other(world: World) -> None:
	acts(world, {**ASSIGN, "user": "second@x.test"}, TEAM, {**TELL}, COMMENT, {"method": "Email"})
	ticket = world.ticket()
	frappe.db.set_value("HD Ticket", ticket.name, "raised_by", "nobody", update_modified=False)
	with pytest.MonkeyPatch.context() as patch:
		patch.setitem(ticket_acts._DO, Act.SET_TEAM, lambda *_given: 1 / 0)
		world.forward(10)
	world.expect_email(TECH, "Server outage")
	world.expect_email(TECH, "is assigned to Sam Second now")
	world.expect_error("Set the Team can't be done")
	item = world.item(ticket)
	said = world.lines(item)
	assert sorted(states()) == ["Done", "Done", "Failed", "Failed"]
	assert "Message to the Customer could not be done: The ticket doesn't say by which email address" in said
	assert "Set the Team could not be done: division by zero" in said
	assert item.status == "Escalating" and todos(ticket) == ["second@x.test"]
	world.tick()
	assert sorted(states()) == ["Done", "Done", "Failed", "Failed"], "failed for good"


def test_a_ticket_that_somebody_holds_is_tried_again(world: World) -> None:
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has one writer")
	acts(world, RAISE, LATER)
	ticket = world.ticket()
	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(carrying_out, "carry_out", lambda: 0)
		world.forward(10)
	with held("HD Ticket", ticket.name):
		world.tick()
		assert states() == ["Queued"]
	world.tick()
	assert states() == ["Done"]


def test_28_an_act_that_waits_for_long_is_noticed(world: World) -> None:
	acts(world, RAISE, {**COMMENT, "wait": 0}, {**LATER, "wait": 3600})
	world.ticket()
	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(carrying_out, "carry_out", lambda: 0)
		world.forward(10)
		assert monitor.health().well
		world.wait(5)
		world.tick()
		assert monitor.health().well, "not longer than tolerated"
		world.wait(1)
		state = monitor.health()
		assert (state.acts_overdue, state.acts_late, state.steps_overdue) == (2, 360, 0)
		assert state.problems == ["2 acts on tickets wait to be done, the oldest for 6m. See the Error Log."]
		assert [figure["tone"] for figure in monitor.figures() if figure["label"] == "Overdue"] == ["red"]
	world.tick()
	assert monitor.health().well


def test_a_deadlock_is_tried_again_and_nothing_of_the_first_try_stays(world: World) -> None:
	acts(world, RAISE, LATER)
	ticket = world.ticket()

	def deadlock(*given: Any) -> Any:
		ticket_acts._raise(*given)
		raise frappe.QueryDeadlockError

	with pytest.MonkeyPatch.context() as patch:
		patch.setitem(ticket_acts._DO, Act.RAISE, deadlock)
		world.forward(10)
		assert states() == ["Queued"]
	assert frappe.db.get_value("HD Ticket", ticket.name, "priority") == "High"
	world.tick()
	assert frappe.db.get_value("HD Ticket", ticket.name, "priority") == "Urgent"
	assert world.kinds(world.item(ticket)).count("Act Done") == 1


@pytest.mark.parametrize("stands", ["Escalating", "Exhausted"])
def test_what_was_resolved_without_an_event_is_left_as_it_is(world: World, stands: str) -> None:
	"""Looked at again, as before every step: a status of its own would open the ticket again."""
	acts(world, STATUS, TELL, last_wait=60, stop_on_reply=0)
	ticket = world.ticket()
	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(carrying_out, "carry_out", lambda: 0)
		world.forward(10)
		world.forward(2 if stands == "Exhausted" else 0)
	assert world.item(ticket).status == stands
	if stands == "Exhausted":
		world.expect_email("owner@x.test")
	closed = {"status": "Resolved", "status_category": "Resolved"}
	frappe.db.set_value("HD Ticket", ticket.name, closed, update_modified=False)
	world.tick()
	assert states() == ["Withdrawn"] * 2
	assert frappe.db.get_value("HD Ticket", ticket.name, "status") == "Resolved"
	assert not of_ticket("Communication", ticket, communication_type="Automated Message")
	item = world.item(ticket)
	assert item.status == ("Resolved" if stands == "Escalating" else stands)


@pytest.mark.parametrize("what", ["acknowledged", "answered", "deleted"])
def test_what_was_ordered_before_it_was_over_is_left_out(world: World, what: str) -> None:
	acts(world, ASSIGN, TELL, LATER)
	ticket = world.ticket()
	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(carrying_out, "carry_out", lambda: 0)
		world.forward(10)
	item = world.item(ticket)
	if what == "acknowledged":
		acknowledge(item.name, Actor(name="Tina Tech", user=TECH, via="Desk"))
		frappe.db.commit()
	elif what == "answered":
		world.reply(ticket)
	else:
		frappe.delete_doc("HD Ticket", ticket.name, force=True)
		frappe.db.commit()
	world.tick()
	assert states() == ["Withdrawn"] * 2 and world.kinds(item).count("Act Withdrawn") == 2
	if what != "deleted":
		assert todos(ticket) == [TECH]


def test_a_pass_that_begins_again_does_none_twice(world: World) -> None:
	acts(world, COMMENT, {"method": "Email"})
	ticket = world.ticket(to="")
	world.forward(10)
	world.expect_email("owner@x.test", "Nobody could be notified")
	world.assign(ticket, TECH)
	world.tick()
	world.expect_email(TECH)
	assert world.kinds(world.item(ticket)).count("Step Ran") == 4
	assert states() == ["Done"] and len(of_ticket("HD Ticket Comment", ticket, "reference_ticket")) == 1


def test_its_own_act_never_ends_it(world: World) -> None:
	acts(world, RAISE, LATER, stop_condition="doc.priority == 'Urgent'")
	ticket = world.ticket()
	world.forward(10)
	assert frappe.db.get_value("HD Ticket", ticket.name, "priority") == "High"
	item = world.item(ticket)
	assert item.status == "Escalating" and "It would have ended this escalation" in world.lines(item)


@pytest.mark.parametrize("ends", ["Replied", "On Hold"])
def test_a_status_that_answers_its_own_clock_is_refused(world: World, ends: str) -> None:
	if not frappe.db.exists("HD Ticket Status", ends):
		pytest.skip("no such status")
	step = {"method": "Set the Status", "set_status": ends}
	with pytest.raises(frappe.ValidationError, match="waits for the customer"):
		acts(world, step)
	acts(world, step, title="Resolving", clock="Resolution", window=60)


def test_assigned_to_whoever_acknowledges(world: World) -> None:
	world.plan((0, "Email", "User", LEAD), assign_on_acknowledgement=1)
	ticket = world.ticket()
	world.forward(10)
	link = world.expect_email(LEAD).links[0]
	assert world.post(link).ok
	world.tick()
	assert todos(ticket) == [LEAD] and states() == ["Done"]
	item = world.item(ticket)
	assert item.status == "Acknowledged" and "The ticket was assigned to Leo Lead." in world.lines(item)
	world.sweep()
	assert world.item(ticket).status == "Acknowledged"


def test_an_acknowledgement_never_fails_because_of_it(world: World) -> None:
	world.plan((0, "Email"), assign_on_acknowledgement=1)
	ticket = world.ticket()
	world.forward(10)
	link = world.expect_email(TECH).links[0]
	with pytest.MonkeyPatch.context() as patch:
		patch.setitem(ticket_acts._DO, Act.ASSIGN, lambda *_given: frappe.throw("never"))
		assert world.post(link).ok
		world.tick()
	assert world.item(ticket).status == "Acknowledged" and states() == ["Failed"]


def test_without_that_choice_nobody_is_assigned(world: World) -> None:
	world.plan((0, "Email", "User", LEAD))
	ticket = world.ticket()
	world.forward(10)
	assert world.post(world.expect_email(LEAD).links[0]).ok
	world.tick()
	assert todos(ticket) == [TECH] and states() == []
	world.inbox.take_all()


def test_an_issue_of_erpnext(world: World) -> None:
	needs("Issue")
	acts(
		world,
		RAISE | {"set_priority": "High"},
		ASSIGN,
		COMMENT,
		TELL,
		LATER,
		reference_doctype="Issue",
		priorities=[],
	)
	issue = frappe.get_doc(
		{"doctype": "Issue", "subject": "Printer", "raised_by": "customer@x.test", "priority": "Low"}
	).insert()
	world.forward(10)
	issue.reload()
	assert (issue.priority, issue.status, issue.first_responded_on) == ("High", "Open", None)
	assert todos(issue) == [LEAD]
	assert len(of_ticket("Comment", issue, comment_type="Comment")) == 1
	assert len(of_ticket("Communication", issue, communication_type="Automated Message")) == 1
	assert states() == ["Done"] * 4 and world.item(issue).status == "Escalating"
	with pytest.raises(frappe.ValidationError, match="has no field for it"):
		acts(world, TEAM, reference_doctype="Issue", title="No team", priorities=[])


def test_any_doctype_as_far_as_its_fields_allow(world: World) -> None:
	world.todos_are_tickets(resolved="Closed")
	more = {"reference_doctype": "ToDo", "priorities": ["Low"]}
	acts(world, RAISE | {"set_priority": "High"}, ASSIGN, COMMENT, TELL, LATER, **more)
	todo = frappe.get_doc({"doctype": "ToDo", "description": "Call", "priority": "Low"}).insert()
	world.forward(10)
	assert frappe.db.get_value("ToDo", todo.name, "priority") == "High"
	assert len(of_ticket("Comment", todo, comment_type="Comment")) == 1 and states() == ["Done"] * 3 + [
		"Failed"
	]
	assert "by which email address" in world.lines(world.item(todo))
	with pytest.raises(frappe.ValidationError, match="no plan resolves"):
		acts(world, {"method": "Set the Status", "set_status": "Closed"}, title="Closes", **more)


def test_nobody_does_by_a_plan_what_they_may_not(world: World) -> None:
	plan = acts(world, COMMENT)
	frappe.set_user("manager@x.test")  # may write plans, and change no ticket
	try:
		with pytest.raises(frappe.PermissionError, match="no plan of yours may"):
			acts(world, RAISE, title="Mine")
		plan.reload()
		plan.rank = 7
		plan.save()  # what others let it do stays
		plan.append("steps", {"wait": 0, "whom": "Assignee", **RAISE})
		with pytest.raises(frappe.PermissionError):
			plan.save()
		with pytest.raises(frappe.PermissionError):
			world.plan((0, "Email"), title="Theirs", assign_on_acknowledgement=1)
	finally:
		frappe.set_user("Administrator")
	for user in ("tech@x.test", "manager@x.test", "admin@x.test"):
		frappe.set_user(user)
		try:
			assert not frappe.has_permission("Escalation Deed", "read")
		finally:
			frappe.set_user("Administrator")


@pytest.mark.parametrize(
	("step", "match"),
	[
		({"method": "Raise the Priority"}, "to which priority|New Priority"),
		({"method": "Raise the Priority", "set_priority": "Nope"}, "Nope"),
		({"method": "Set the Team", "set_team": "Nope"}, "Nope"),
		({"method": "Assign the Ticket"}, "assignee has the ticket already"),
		({"method": "Assign the Ticket", "whom": "Address", "address": "a@x.test"}, "assigned to a user"),
		({"method": "Assign the Ticket", "whom": "User", "user": "Guest"}, "can't be assigned"),
		({"method": "Internal Comment"}, "Say under Message"),
		({"method": "Message to the Customer", "message": "{{ link }}"}, "link"),
		({"method": "Internal Comment", "message": "{{ ticket.nope }}"}, "nope"),
	],
)
def test_refused_in_words(world: World, step: dict[str, Any], match: str) -> None:
	with pytest.raises(frappe.ValidationError, match=match):
		acts(world, step)


def test_renamed_what_it_sets_follows(world: World) -> None:
	acts(world, RAISE, LATER)
	ticket = world.ticket()
	frappe.rename_doc("HD Ticket Priority", "Urgent", "Burning", force=True)
	try:
		frappe.db.commit()
		assert (
			frappe.db.get_value("Escalation Step", {"method": "Raise the Priority"}, "set_priority")
			== "Burning"
		)
		world.forward(10)
		assert frappe.db.get_value("HD Ticket", ticket.name, "priority") == "Burning" and states() == ["Done"]
	finally:
		frappe.db.delete("HD Ticket", {"name": ticket.name})
		frappe.rename_doc("HD Ticket Priority", "Burning", "Urgent", force=True)
		frappe.db.commit()


def test_gone_with_its_item(world: World) -> None:
	acts(world, COMMENT, last_wait=60)
	ticket = world.ticket()
	world.forward(10)
	world.change(ticket, status="Closed")
	world.wait(60 * 24 * 400)
	frappe.db.set_single_value("Escalation Settings", "keep_days", 365)
	retention.daily()
	assert states() == [] and world.count_items() == 0


def test_what_a_row_offers_can_be(world: World) -> None:
	def labels(method: str, text: str = "", doctype: str = "HD Ticket") -> list[str]:
		return [each["label"] for each in step_targets.offered(doctype, method, text)]

	assert labels("Raise the Priority", "urg") == ["Urgent"] and len(labels("Raise the Priority")) > 3
	assert "Open" in labels("Set the Status") and not {"Resolved", "Closed"} & {*labels("Set the Status")}
	assert "Network" in labels("Set the Team")
	assert "Leo Lead" in labels("Assign the Ticket", "leo") and "Assignee" not in labels("Assign the Ticket")
	assert labels("Internal Comment") == []
	choices = plans_api.plan_choices("HD Ticket")
	assert choices["acts"] == [*Act] and "Urgent" in choices["set_priority"]
	world.todos_are_tickets(resolved="Closed")
	assert Act.SET_TEAM not in plans_api.plan_choices("ToDo")["acts"]
