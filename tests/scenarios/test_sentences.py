"""What is said reads as a person would say it: numbers, names, nothing; and in the direction of its language."""

import frappe
import pytest

from escalation_mgmt.dispatch import monitor
from escalation_mgmt.engine import EventKind
from escalation_mgmt.storage import wording
from escalation_mgmt.utils import language
from escalation_mgmt.views import ticket_form
from tests.world import World

pytestmark = pytest.mark.one_database
ONE, OTHER = (
	frappe._lt("{0} step is overdue, by {1}. Is the dispatcher running?"),
	frappe._lt("{0} steps are overdue, the oldest by {1}. Is the dispatcher running?"),
)


@pytest.fixture
def in_language(world: World):
	before = frappe.local.lang
	yield lambda lang: setattr(frappe.local, "lang", lang)
	frappe.local.lang = before


@pytest.mark.parametrize(
	("lang", "count", "form"),
	[
		("ru", 1, "one"),
		("ru", 21, "one"),
		("ru", 3, "few"),
		("ru", 5, "many"),
		("ar", 2, "two"),
		("en", 0, "other"),
		("xx", 1, "one"),
	],
)
def test_a_number_takes_the_form_of_its_language(
	in_language, monkeypatch, lang: str, count: int, form: str
) -> None:
	in_language(lang)
	asked = []
	monkeypatch.setattr(
		language, "_", lambda text, context=None: asked.append(context) or f"{context}: {{0}}"
	)
	said = language.plural(count, ONE, OTHER, "6m")
	assert asked == ([] if form in ("one", "other") else [form])
	assert said.startswith(f"{form}: {count}") if asked else str(count) in said


def test_one_is_said_as_one(world: World) -> None:
	assert language.plural(1, ONE, OTHER, "6m").startswith("1 step is overdue, by 6m")
	assert language.plural(2, ONE, OTHER, "6m").startswith("2 steps are overdue, the oldest by 6m")


@pytest.mark.parametrize(
	("late", "said"),
	[
		([], "none went out"),
		([0.0], "on time (of 1)"),
		([0.0, 0.01], "all of them on time (of 2)"),
		([0.0, 0.0, 90.0], "half of them on time, the latest by 1m 30s (of 3)"),
		([2.0], "by 2.0 s (of 1)"),
		([1.0, 3.0], "half of them by less than 2.0 s, the latest by 3.0 s (of 2)"),
	],
)
def test_nobody_is_late_by_less_than_nothing(world: World, late: list[float], said: str) -> None:
	assert monitor._how_late(late) == said


def test_steps_that_go_out_together_are_due(world: World) -> None:
	world.plan((5, "Email"), (0, "SMS"), (0, "Phone Call"), (5, "Email"))
	ticket = world.ticket()
	world.forward(10)
	frappe.db.commit()
	due = ticket_form.pills("HD Ticket", [ticket.name])[str(ticket.name)]
	assert due["due"] == "Steps 1 to 3 (Email, SMS, Phone Call) are due now"


@pytest.mark.parametrize("kind", sorted(map(str, EventKind)))
def test_no_line_of_history_says_none(world: World, kind: str) -> None:
	for data in (
		{},
		dict.fromkeys(("to", "by", "via", "method", "reason", "was", "assigned", "detail", "who")),
	):
		assert "None" not in wording.in_words(kind, 1, data)


def test_assignees_are_named(world: World) -> None:
	world.plan((30, "Email"))
	ticket = world.ticket()
	world.assign(ticket, "lead@x.test")
	world.sweep()
	world.tick()
	lines = world.lines(world.item(ticket))
	names = [frappe.db.get_value("User", user, "full_name") for user in ("lead@x.test", "tech@x.test")]
	assert f"Assigned to {names[0]}; before to nobody." in lines
	assert f"Assigned to nobody; before to {names[1]}." in lines
	assert "@x.test" not in lines


def test_an_email_that_was_taken_says_so_in_a_sentence(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	lines = world.lines(world.item(ticket))
	assert "The mail server answered: Taken" in lines and "2.0.0" not in lines


@pytest.mark.parametrize(("lang", "direction"), [("ar", "rtl"), ("he", "rtl"), ("fa", "rtl"), ("de", "ltr")])
def test_mail_and_page_have_the_direction_of_the_persons_language(
	world: World, lang: str, direction: str
) -> None:
	world.contact("tech@x.test", language=lang)
	world.plan((0, "Email"))
	world.ticket("السيرفر (prod-1) لا يعمل")
	world.forward(10)
	mail = world.expect_email("tech@x.test")
	assert f'<html lang="{lang}" dir="{direction}">' in mail.html
	assert '<h1 dir="auto"' in mail.html and '<p dir="auto"' in mail.html
	page = world.get(mail.links[0]).text
	assert f'<html lang="{lang}" dir="{direction}">' in page
	assert 'dir="auto">السيرفر (prod-1) لا يعمل</h1>' in page
