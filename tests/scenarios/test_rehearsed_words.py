"""A rehearsal says what each message will say: the words that then arrive, without a token, and nothing is sent or kept."""

import json
import re
from typing import Any

import frappe

from escalation_mgmt.api import plans as plans_api
from escalation_mgmt.facts import assignments
from escalation_mgmt.utils import clock
from tests.world import PAGER, World, needs

TINA = "+4915112345601"
LEAD = ("Email", "User", "lead@x.test")
BODY = '{"says": {{ message | tojson }}, "to": {{ link | tojson }}}'


def words(shown: dict, method: str) -> list[tuple[str, str]]:
	"""(to, text) of the messages by a method, by the lines that point to them."""
	places = [place for line in shown["lines"] for place in line["words"]]
	assert sorted(set(places)) == list(range(len(shown["words"]))), "each is pointed to"
	found = [shown["words"][place] for place in dict.fromkeys(places)]
	return [(each["to"], each["text"]) for each in found if each["method"] == method]


def without_token(text: str) -> str:
	return re.sub(r"/ack/[\w-]{43}", "/ack/…", text)


def test_the_words_of_a_rehearsal_are_those_that_arrive(world: World) -> None:
	world.contact("tech@x.test", TINA, language="de")
	world.endpoint(payload=BODY)
	plan = world.plan((0, "Email"), (0, "SMS"), (0, "Phone Call"), (0, "HTTP POST", "Endpoint", PAGER))
	ticket = world.ticket("Server's < & out")
	shown = plans_api.rehearse(plan.name, ticket=str(ticket.name))
	assert not re.search(r"/ack/[\w-]{20}", json.dumps(shown, default=str)), "no token"
	assert not frappe.db.count("Escalation Notification")
	world.forward(10)
	email, sms = world.expect_email("tech@x.test"), world.expect_sms(TINA)
	call, page = world.expect_call(TINA), world.expect_page()
	call.answer()

	[(to, said)] = words(shown, "Email")[:1]
	arrived = without_token(email.text).replace("\r", "").strip()
	assert (to, said) == ("Tina Tech", f"{email.subject}\n\n{arrived}")
	[(_to, said)] = words(shown, "SMS")
	assert said.replace("...", "1").replace("…", "1") == without_token(sms.text).replace("…", "1")
	[(_to, said)] = words(shown, "Phone Call")
	heard = [" ".join(line.split()) for line in said.splitlines()]
	assert all(line in " ".join(call.text.split()) for line in heard[:2]), f"{heard}\n{call.text}"
	[(to, said)] = words(shown, "HTTP POST")
	sent = {key: without_token(text) for key, text in page.body.items()}
	assert (to, json.loads(said)) == (PAGER, sent)


def test_each_reads_it_in_their_own_words_and_repeats_say_it_once(world: World) -> None:
	world.contact("lead@x.test", time_zone="America/New_York")
	plan = world.plan((0, "Email"), (5, *LEAD), repeats=3, message="{{ person }}: {{ ticket.opening_date }}")
	shown = plans_api.rehearse(plan.name, hypothetical={"assignee": "tech@x.test"})
	said = words(shown, "Email")
	assert [to for to, _text in said] == ["Tina Tech", "Leo Lead", "Otto Owner"], "four runs, three texts"
	assert "Tina Tech: " in said[0][1] and "Leo Lead: " in said[1][1]
	assert said[2][1].startswith("Nobody acknowledged ticket …\n\nNobody acknowledged ticket …: its subject")
	steps = [line["words"] for line in shown["lines"] if line["kind"] == "Step Ran"]
	assert steps == [[0], [1]] * 4


def test_what_nobody_knows_of_a_made_up_ticket_is_left_open(world: World) -> None:
	plan = world.plan((0, "Email"), priorities=[])
	shown = plans_api.rehearse(plan.name, hypothetical={"assignee": "tech@x.test"})
	assert words(shown, "Email")[0][1].startswith("[…] Ticket …: its subject")


def test_those_who_read_the_same_are_named_together(world: World) -> None:
	plan = world.plan((0, "Email", "Role", "Escalation Manager"), message="Help")
	[(to, _text), *_notice] = words(plans_api.rehearse(plan.name), "Email")
	assert "," in to


def test_a_text_that_cannot_be_rendered_says_what_goes_out_instead(world: World) -> None:
	plan = world.plan((0, "Email"), message="{{ 1 / (ticket.name | length - 1) }}")
	shown = plans_api.rehearse(plan.name, hypothetical={"assignee": "tech@x.test"})
	said = words(shown, "Email")[0][1]
	assert said.startswith("The plan's text can't be rendered") and "has not been answered" in said
	assert not frappe.db.count("Error Log"), "it was only tried out"


def test_whoever_had_most_tickets_lately_stands_in(world: World) -> None:
	needs("HD Agent")
	world.plan((0, "Email"))
	usual = plans_api.rehearse("Outage")["stand_ins"]
	for _ticket in range(2):
		world.ticket(to="second@x.test", priority="Low")
	assert plans_api.rehearse("Outage")["stand_ins"] != usual
	assert "Sam Second stands in" in plans_api.rehearse("Outage")["stand_ins"][0]
	before = str(frappe.utils.add_days(None, -assignments.LATELY.days - 1))
	frappe.db.sql("update `tabToDo` set `creation` = %s", (before,))
	assert plans_api.rehearse("Outage")["stand_ins"] == usual, "that was long ago"


def test_tonight_is_the_next_such_hour(world: World) -> None:
	def begins(at: str) -> Any:
		world.plan((0, "Email"), title=at, start="At Once")
		return plans_api.rehearse(at, at=at)["lines"][0]["at"]

	here = clock.to_site(world.now)
	found = begins("Tonight 3:00")
	assert (found.hour, found.minute) == (3, 0) and 0 < (found - here).total_seconds() <= 24 * 3600
	late = f"{(here.hour + 1) % 24:02}:30"
	assert 0 < (begins(f"tonight {late}") - here).total_seconds() <= 24 * 3600
