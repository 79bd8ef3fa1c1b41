"""Desk's notifications: one line for an escalation and a person, renewed, linked to where they read the ticket."""

import time
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from frappe.desk.doctype.notification_log import notification_log

from escalation_mgmt.actions.acknowledge import acknowledge_as
from escalation_mgmt.actions.action import user_as_actor
from escalation_mgmt.actions.add_person import add_person
from escalation_mgmt.operations import retention
from escalation_mgmt.storage import bell
from escalation_mgmt.utils import installation
from escalation_mgmt.utils.doctypes import ITEM
from tests import hostile
from tests.held import held
from tests.scenarios.test_erasure import erased
from tests.scenarios.test_ticket_form import Form
from tests.world import PAGER, World

TINA, SAM, LEAD = "tech@x.test", "second@x.test", "lead@x.test"
LOG = "Notification Log"


def lines(user: str = "", **more: Any) -> list[Any]:
	of = {"document_type": ITEM, **({"for_user": user} if user else {}), **more}
	return frappe.get_all(LOG, filters=of, fields=["*"], order_by="creation desc, for_user")


def line(user: str) -> Any:
	found = lines(user)
	assert len(found) == 1, found
	return found[0]


def read(user: str) -> None:
	frappe.db.set_value(LOG, line(user).name, "read", 1, update_modified=False)
	frappe.db.commit()


@pytest.fixture(autouse=True)
def _with_notifications(world: World) -> Iterator[None]:
	"""As for any user of Frappe's; the tests' users have them switched off."""
	_settings(enabled=1)
	yield
	frappe.db.rollback()
	_settings(enabled=0)


def _settings(enabled: int) -> None:
	for user in (TINA, SAM, LEAD):
		frappe.db.set_value("Notification Settings", user, "enabled", enabled)
		frappe.db.set_value("User", user, {"user_type": "System User", "language": None})
	frappe.db.commit()


@pytest.fixture
def paged(world: World) -> Any:
	"""Tina was paged by the first step, which lies behind."""
	world.plan((0, "Email"), (5, "Email"), (5, "Email", "User", LEAD))
	ticket = world.ticket(subject="Server room on fire")
	world.forward(10)
	world.expect_email(TINA)
	return ticket


def test_who_is_paged_finds_a_line_that_no_mail_goes_with(world: World, paged: Any) -> None:
	found = line(TINA)
	assert found.subject == f"Step 1 of 3: ticket {paged.name} “Server room on fire” (High) waits for you"
	assert (found.type, found.read, found.document_name) == ("Alert", 0, world.item(paged).name)
	assert found.link == f"/helpdesk/tickets/{paged.name}"
	assert not frappe.get_all("Email Queue", filters={"creation": (">", found.creation)}, limit=1)
	assert not lines(SAM)


def test_the_next_page_renews_the_line(world: World, paged: Any) -> None:
	before = line(TINA)
	read(TINA)
	world.forward(5)
	world.expect_email(TINA)
	after = line(TINA)
	assert after.name == before.name and after.read == 0
	assert after.creation > before.creation and after.modified == after.creation
	assert after.subject.startswith("Step 2 of 3")


def test_desk_shows_it_at_the_top_and_its_bell_rings(
	world: World, paged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	other = frappe.get_doc({"doctype": LOG, "subject": "Something else", "for_user": TINA, "type": "Alert"})
	other.insert(ignore_permissions=True)
	stamp = frappe.utils.add_to_date(line(TINA).creation, minutes=2)
	frappe.db.set_value(LOG, other.name, {"creation": stamp, "modified": stamp}, update_modified=False)
	frappe.db.set_value("Notification Settings", TINA, "seen", 1)
	frappe.db.commit()
	rung: list[Any] = []
	real = frappe.publish_realtime

	def publish(event: Any = None, *args: Any, **more: Any) -> None:
		rung.append((event, more.get("user")))
		real(event, *args, **more)

	monkeypatch.setattr(frappe, "publish_realtime", publish)
	world.forward(5)
	world.expect_email(TINA)
	assert ("notification", TINA) in rung
	assert not frappe.db.get_value("Notification Settings", TINA, "seen")
	frappe.set_user(TINA)
	shown = notification_log.get_notification_logs()["notification_logs"]
	frappe.set_user("Administrator")
	assert [row.subject[:6] for row in shown][:2] == ["Step 2", "Someth"]


def test_once_somebody_has_it_every_line_says_so(world: World, paged: Any) -> None:
	world.forward(5)
	world.expect_email(TINA)
	world.forward(5)
	world.expect_email(LEAD)
	read(LEAD)
	world.wait(1)
	assert Form(world, paged, TINA).click("acknowledge")[0]
	world.tick()
	assert line(LEAD).read == 1, "for a minute she can undo it, and nobody is told"
	world.forward(1)
	world.expect_email(LEAD, "Tina Tech has acknowledged")
	assert line(TINA).subject == f"You have ticket {paged.name}: Server room on fire"
	assert line(TINA).read == 1  # who has it knows
	told = line(LEAD)
	assert (told.subject, told.from_user) == (
		f"Tina Tech has ticket {paged.name}: Server room on fire",
		TINA,
	)
	assert told.read == 0  # the lead was told


def test_who_is_not_told_has_nothing_unread_by_an_end(world: World) -> None:
	world.contact(SAM, "+4915112345699")
	world.plan((0, "Phone Call", "User", SAM))
	ticket = world.ticket()
	world.forward(10)
	world.expect_call("+4915112345699")
	read(SAM)
	frappe.db.set_value("User", SAM, "email", SAM)
	before = line(SAM)
	frappe.db.set_value("Notification Settings", SAM, "enabled", 0)
	world.reply(ticket)
	world.tick()
	world.inbox.take_all()
	after = line(SAM)
	assert after.subject.startswith(f"Ticket {ticket.name} has been answered")
	assert (after.read, after.creation) == (1, before.creation)


def test_who_is_handed_it_over_reads_by_whom(world: World, paged: Any) -> None:
	assert Form(world, paged, TINA).click("hand_over", to=SAM)[0]
	world.tick()
	world.inbox.take_all()
	found = line(SAM)
	assert found.subject == f"Tina Tech handed you ticket {paged.name}: Server room on fire"
	assert (found.from_user, found.read) == (TINA, 0)


def test_helpdesks_own_bell_says_that_the_ticket_was_assigned(
	world: World, paged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	told: list[Any] = []

	def notify_agent(ticket: Any, agent: str, notification_type: str = "Assignment") -> None:
		told.append((str(ticket.name), frappe.session.user, agent, notification_type))

	monkeypatch.setattr(type(paged), "notify_agent", notify_agent, raising=False)
	assert Form(world, paged, TINA).click("hand_over", to=SAM)[0]
	world.tick()
	world.inbox.take_all()
	assert told == [(str(paged.name), TINA, SAM, "Assignment")]


def test_helpdesks_own_bell_stops_no_hand_over(
	world: World, paged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	def notify_agent(ticket: Any, agent: str, notification_type: str = "Assignment") -> None:
		frappe.get_doc({"doctype": "ToDo", "description": "half done"}).insert(ignore_permissions=True)
		raise frappe.ValidationError("no such type")

	monkeypatch.setattr(type(paged), "notify_agent", notify_agent, raising=False)
	assert Form(world, paged, TINA).click("hand_over", to=SAM)[0]
	world.tick()
	world.inbox.take_all()
	world.expect_error("Helpdesk's notification of an assignment can't be written")
	assert not frappe.db.exists("ToDo", {"description": "half done"})
	assert line(SAM).subject.startswith("Tina Tech handed you ticket")


def test_who_is_added_reads_by_whom_and_who_helps_who_has_it(world: World, paged: Any) -> None:
	form = Form(world, paged, TINA)
	assert form.click("add_person", who=SAM)[0]
	world.tick()
	world.expect_email(SAM)
	assert line(SAM).subject == f"Tina Tech asks for you as well on ticket {paged.name}: Server room on fire"
	assert form.click("acknowledge")[0]
	world.tick()
	world.inbox.take_all()
	assert form.click("add_person", who=LEAD)[0]
	world.tick()
	world.expect_email(LEAD)
	helps = line(LEAD)
	assert helps.subject.startswith(f"Tina Tech has ticket {paged.name}, and you are asked to help: ")
	assert helps.read == 0


def test_in_the_persons_language(world: World) -> None:
	frappe.db.set_value("User", TINA, "language", "de")
	for source, said in (("Step {0} of {1}: ticket {2} “{3}” ({4}) waits for you", "{2}: {3}, Stufe {0}"),):
		frappe.get_doc(
			{"doctype": "Translation", "language": "de", "source_text": source, "translated_text": said}
		).insert()
	try:
		world.plan((0, "Email"))
		ticket = world.ticket(subject="Brand")
		world.forward(10)
		world.inbox.take_all()
		assert line(TINA).subject == f"{ticket.name}: Brand, Stufe 1"
	finally:
		frappe.db.delete("Translation", {"language": "de"})
		frappe.clear_cache()


def test_hostile_texts_are_inert(world: World) -> None:
	world.plan((0, "Email"))
	tickets = {}
	for name, text in hostile.texts().items():
		ticket = world.ticket()
		frappe.db.set_value(ticket.doctype, ticket.name, "subject", hostile.storable(text))
		frappe.db.set_value(ITEM, world.item(ticket).name, "ticket_subject", hostile.storable(text))
		tickets[world.item(ticket).name] = name
	frappe.db.commit()
	world.forward(10)
	world.inbox.take_all()
	found = lines(TINA)
	assert len(found) == len(tickets)
	for row in found:
		assert not hostile.markup_in(row.subject), tickets[row.document_name]
		assert len(row.subject) < 250


def test_who_wants_none_gets_none(world: World) -> None:
	frappe.get_doc("Notification Settings", TINA).db_set("enabled", 0)
	world.plan((0, "Email"))
	world.ticket()
	world.forward(10)
	world.expect_email(TINA)
	assert not lines()


def test_who_has_no_desk_gets_none(world: World) -> None:
	world.endpoint()
	frappe.db.set_value("User", SAM, "user_type", "Website User")
	world.plan(
		(0, "Email", "Address", "x@y.test"), (0, "HTTP POST", "Endpoint", PAGER), (0, "Email", "User", SAM)
	)
	world.ticket()
	world.forward(10)
	world.expect_page()
	world.expect_email("x@y.test")
	world.expect_email(SAM)
	assert not lines()


def test_a_rename_moves_where_it_leads(world: World, paged: Any) -> None:
	frappe.rename_doc(paged.doctype, paged.name, "4711", force=True)
	frappe.db.commit()
	assert line(TINA).link == "/helpdesk/tickets/4711"
	assert "ticket 4711 " in line(TINA).subject and line(TINA).read == 0


def test_with_the_ticket_its_lines_go(world: World, paged: Any) -> None:
	world.reply(paged)
	world.tick()
	world.inbox.take_all()
	assert lines()
	frappe.delete_doc(paged.doctype, paged.name, force=True)
	frappe.db.commit()
	assert not lines()


def test_what_is_wrong_with_the_notifications_stops_no_step(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setattr(bell, "LOG", "No Such Table")
	world.plan((0, "Email"), (5, "Email"))
	world.ticket()
	world.forward(10)
	world.expect_email(TINA)
	world.forward(5)
	world.expect_email(TINA)
	world.expect_error("Escalation: Desk's notifications can't be written")  # once for both


def test_a_process_that_is_late_does_not_write_what_was(
	world: World, paged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""It read the item while it was escalating; before it writes, somebody acknowledges and that is written."""
	item, real = world.item(paged).name, bell.rewrite

	def late(items: Any) -> Any:
		monkeypatch.setattr(bell, "rewrite", real)
		assert Form(world, paged, TINA).click("acknowledge")[0]
		return real(items)

	frappe.db.set_value(LOG, line(TINA).name, "subject", "old", update_modified=False)
	frappe.db.commit()
	monkeypatch.setattr(bell, "rewrite", late)
	bell.renew([item])
	assert line(TINA).subject.startswith("You have ticket")


def test_whoever_holds_a_line_holds_up_no_step(
	world: World, paged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""As an erasure does, or another job of the site's: the line is written by a worker, once it is free."""
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has one writer at a time")
	asked: list[tuple[str, dict]] = []
	monkeypatch.setattr(frappe, "enqueue", lambda path, **how: asked.append((path, how)))
	with held(LOG, line(TINA).name):
		began = time.monotonic()
		world.forward(5)
		assert time.monotonic() - began < 10, "MariaDB itself waits for 50 seconds"
		world.expect_email(TINA)
		assert line(TINA).subject.startswith("Step 1 of 3")
	[(path, how)] = [(path, how) for path, how in asked if path.endswith("renew_patiently")]
	assert how.pop("queue") == "short"
	frappe.get_attr(path)(**how)
	assert line(TINA).subject.startswith("Step 2 of 3")
	waits = frappe.db.sql("select @@session.innodb_lock_wait_timeout, @@global.innodb_lock_wait_timeout")
	assert waits[0][0] == waits[0][1], "everything else waits as it did"


def test_what_others_fail_in_after_a_commit_silences_no_later_line(world: World, paged: Any) -> None:
	"""On one connection, as a dispatcher's or a long job's: Frappe drops all that was put off until that commit."""

	def fail() -> None:
		raise RuntimeError("another app's")

	item = world.item(paged).name
	frappe.db.after_commit.add(fail)
	bell.renew_soon([item])
	with pytest.raises(RuntimeError):
		frappe.db.commit()
	frappe.db.rollback()
	frappe.db.set_value(LOG, line(TINA).name, "subject", "old", update_modified=False)
	frappe.db.commit()
	bell.renew_soon([item])
	frappe.db.commit()
	assert line(TINA).subject.startswith("Step 1 of 3")


def test_a_mute_copy_writes_none(world: World, paged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	frappe.db.delete(LOG, {"document_type": ITEM})
	frappe.db.commit()
	with monkeypatch.context() as mute:
		mute.setitem(frappe.conf, installation.KEY, "another's")
		bell.renew([world.item(paged).name])
		assert not lines()
	bell.renew([world.item(paged).name])
	assert lines(TINA)


def test_an_erased_person_has_no_line_and_stands_in_none(world: World) -> None:
	user = made_person("Erica", "Erased")
	world.plan((0, "Email", "User", user), (5, "Email", "User", LEAD))
	ticket = world.ticket(to="")
	world.forward(10)
	world.forward(5)
	world.inbox.take_all()
	world.wait(1)
	assert acknowledge_as(user, world.item(ticket).name, "Phone Page").taken
	world.tick()
	world.inbox.take_all()
	assert line(LEAD).subject.startswith("Erica Erased has ticket") and line(user)
	frappe.db.set_value(LOG, line(LEAD).name, "read", 1)
	request = erased(user)
	assert {row.for_user for row in lines()} == {LEAD}
	assert line(LEAD).subject.startswith(f"{request.name} has ticket")
	assert line(LEAD).read == 1


def test_of_two_people_who_become_one_one_line_is_left(world: World, paged: Any) -> None:
	user = made_person("Double", "Tina")
	tina = user_as_actor(TINA, "Ticket Form")
	assert add_person(world.item(paged).name, user, "Double Tina", tina).done
	world.tick()
	world.inbox.take_all()
	assert len(lines(user)) == len(lines(TINA)) == 1
	frappe.rename_doc("User", user, TINA, merge=True, force=True)
	frappe.db.commit()
	assert len(lines(TINA)) == len(lines()) == 1


def test_with_its_escalation_a_line_goes(world: World, paged: Any) -> None:
	world.reply(paged)
	world.tick()
	world.inbox.take_all()
	frappe.db.set_single_value("Escalation Settings", "keep_days", 1)
	world.wait(3 * 24 * 60)
	assert lines()
	retention.daily()
	assert not lines()


def made_person(first: str, last: str) -> str:
	user = f"{first}.{last}@x.test".lower()
	if not frappe.db.exists("User", user):
		names = {"email": user, "first_name": first, "last_name": last, "send_welcome_email": 0}
		doc = frappe.get_doc({"doctype": "User", **names})
		doc.append("roles", {"role": "Agent"})
		doc.insert(ignore_permissions=True)
	frappe.db.set_value("Notification Settings", user, "enabled", 1)
	frappe.db.commit()
	return user
