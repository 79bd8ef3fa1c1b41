"""Readiness: everything that would make an escalation fail is said before it does, with its remedy."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import frappe
import pytest

from escalation_mgmt.api import plans as plans_api
from escalation_mgmt.preflight import providers, readiness
from escalation_mgmt.utils import clock
from tests import on_site
from tests.on_site import add_team
from tests.scenarios.test_plan_form import warnings
from tests.scenarios.test_rehearsal import everything
from tests.scenarios.test_working_time import LEAD, OFFICE, agreement
from tests.world import PAGER, World
from tests.world.clean_site import email_account
from tests.world.statements import listened

SETTINGS = "Escalation Settings"


@pytest.fixture(autouse=True)
def ready(world: World) -> Iterator[None]:
	"""A site that is ready: agents that can be reached, a scheduler that is on."""
	before = frappe.db.get_single_value("System Settings", "enable_scheduler")
	scheduler(1)
	yield
	scheduler(before)


def scheduler(on: int) -> None:
	frappe.db.set_single_value("System Settings", "enable_scheduler", on)
	frappe.db.commit()
	frappe.clear_document_cache("System Settings", "System Settings")
	if hasattr(frappe, "client_cache"):  # of Frappe 16; by itself it hears of it later, on a thread
		frappe.client_cache.delete_value(frappe.get_document_cache_key("System Settings", "System Settings"))
	if hasattr(frappe.local, "system_settings"):
		del frappe.local.system_settings


def found() -> dict[str, tuple[str, str]]:
	frappe.db.commit()
	return {f.problem: (f.remedies[0].doctype, f.remedies[0].name) for f in readiness.findings()}


def only(part: str) -> tuple[str, str]:
	"""The remedy of the one thing that is found."""
	all_found = found()
	assert len(all_found) == 1 and part in next(iter(all_found)), all_found
	return next(iter(all_found.values()))


def test_all_is_ready_and_asking_writes_nothing(world: World) -> None:
	world.endpoint()
	world.plan(
		(0, "Email"),
		(5, "HTTP POST", "Endpoint", PAGER),
		(5, "Email", "User Field", "owner"),
	)
	before = everything()
	assert found() == {}
	assert everything() == before
	world.plan((0, "SMS"), title="No Numbers", rank=20, enabled=0)
	assert found() == {}


def test_without_a_plan_nothing_escalates(world: World) -> None:
	assert only("No plan is enabled") == ("Escalation Plan", "")


def test_people_without_a_verified_contact(world: World) -> None:
	world.contact("tech@x.test", "+14155550101")
	frappe.db.set_value("Escalation Contact", "tech@x.test", "mobile_verified", 0)
	world.contact("second@x.test", "+14155550102")
	world.plan((0, "SMS"), (1, "Phone Call", *LEAD[1:]), (1, "Phone Call"))
	all_found = found()
	assert all_found == {
		"Leo Lead can't be reached by SMS, Phone Call: Has no mobile number. Enter one in their Escalation Contact. "
		"(plans: Outage)": ("Escalation Contact", ""),
		"Tina Tech can't be reached by SMS, Phone Call: The mobile number is not verified. Verify it in their "
		"Escalation Contact. (plans: Outage)": ("Escalation Contact", "tech@x.test"),
	}
	code = world.bench("check")
	assert code.returncode == 1 and "Tina Tech can't be reached" in code.stdout


def test_a_method_that_is_not_set_up_is_one_finding_for_all(world: World) -> None:
	frappe.db.set_single_value(SETTINGS, "twilio_account_sid", "")
	frappe.clear_document_cache(SETTINGS, SETTINGS)
	world.plan((0, "Email"), (0, "SMS"), (1, "SMS", *LEAD[1:]))
	world.plan((0, "SMS", *LEAD[1:]), title="Low", priorities=["Low"])
	all_found = found()
	assert len(all_found) == 2
	assert all_found["Plan Low: It can reach nobody."] == ("Escalation Plan", "Low")
	isnt = next(
		problem for problem in all_found if problem.startswith("SMS isn't set up: Twilio isn't set up")
	)
	assert "(plans: Low, Outage)" in isnt and all_found[isnt] == (SETTINGS, SETTINGS)


def test_a_plan_that_can_reach_nobody_says_so_in_its_form_too(world: World) -> None:
	add_team("Empty", users=())
	try:
		world.plan((0, "Email", "Team", "Empty"))
		all_found = found()
		assert all_found["Plan Outage: It can reach nobody."] == ("Escalation Plan", "Outage")
		team = "Team can't be reached by Email: The team Empty has no members. (plans: Outage)"
		assert all_found[team] == ("HD Team", "Empty")
		in_form = [f["problem"] for f in plans_api.findings("Outage")]
		assert in_form == ["It can reach nobody.", team.removesuffix(" (plans: Outage)")]
		world.plan((0, "Email", "Team"), title="Own Team", rank=1)
		assert "Plan Own Team: It can reach nobody for a ticket of the team Empty." in found()
	finally:
		frappe.delete_doc("HD Team", "Empty", force=True)
		frappe.db.commit()


def grades() -> dict[str, str]:
	frappe.db.commit()
	return {f.problem: f.grade for f in readiness.findings()}


def test_red_reaches_nobody_and_amber_is_thinner_than_planned(world: World) -> None:
	"""Whoever looks sees first what can't wait."""
	world.contact("lead@x.test", "+14155550103")
	world.plan((0, "Email"), (5, "SMS"), title="Thin", rank=1)
	add_team("Empty", users=())
	try:
		world.plan((0, "Email", "Team", "Empty"), title="Nobody", rank=2, priorities=["Low"])
		found = grades()
		assert list(found.values()) == ["red", "amber", "amber"]
		assert next(iter(found)) == "Plan Nobody: It can reach nobody."
	finally:
		frappe.delete_doc("Escalation Plan", "Nobody", force=True)
		frappe.delete_doc("HD Team", "Empty", force=True)
		frappe.db.commit()
	assert list(grades().values()) == ["amber"]
	scheduler(0)
	assert list(grades().values()) == ["red", "amber"]
	scheduler(1)
	frappe.db.set_value("Escalation Plan", "Thin", "enabled", 0)
	assert list(grades().values()) == ["red"], "no plan: nothing escalates"


def test_what_a_provider_refuses_is_red_where_a_plan_has_nothing_else(world: World) -> None:
	world.contact("lead@x.test", "+4915112345678")
	world.plan((0, "Email", *LEAD[1:]), (5, "SMS", *LEAD[1:]), title="Two Ways", rank=1)
	doc = frappe.get_doc(SETTINGS)
	doc.twilio_auth_token = "0" * 32
	doc.save()
	frappe.db.commit()
	try:
		assert [f.grade for f in readiness.findings(ask_providers=True)] == ["amber"]
		world.plan((0, "SMS", *LEAD[1:]), title="One Way", rank=2, priorities=["Low"])
		frappe.db.commit()
		assert [f.grade for f in readiness.findings()] == ["red"]
	finally:
		doc.reload()
		doc.twilio_auth_token = world.providers.twilio.auth_token
		doc.save()
		frappe.db.commit()
		providers.ask()


def test_one_cause_is_one_line_with_each_persons_own_remedy(world: World) -> None:
	"""Seven people without a number: not seven lines, and their names, not their addresses."""
	users = [f"ann{n}@x.test" for n in range(7)]
	for n, user in enumerate(users):
		on_site.add_person(user, f"Ann {n}", "Escalation Responder")
	world.contact(users[1])
	world.plan(*((0, "SMS", "User", user) for user in users), (1, "Email", *LEAD[1:]))
	frappe.db.commit()
	(finding,) = readiness.findings()
	names = "Ann 0, Ann 1, Ann 2, Ann 3, Ann 4 and 2 more"
	assert finding.problem.startswith(f"{names} can't be reached by SMS: Has no mobile number.")
	assert "@" not in finding.problem
	assert [remedy.label for remedy in finding.remedies] == [f"Ann {n}" for n in range(5)]
	assert [remedy.given or remedy.name for remedy in finding.remedies] == [
		{"user": users[0]},
		users[1],
		*({"user": user} for user in users[2:5]),
	]


def test_a_plan_that_never_runs(world: World) -> None:
	world.plan((0, "Email"), title="First", rank=1, priorities=["High", "Urgent"])
	world.plan((0, "Email"), title="Second", rank=2, priorities=["Low"])
	frappe.clear_messages()
	world.plan((0, "Email"), title="Third", rank=3, priorities=["High", "Low"])
	says = "It never runs: plans of a lower rank take all its tickets first: First (1), Second (2)."
	assert says in warnings()
	assert only(says) == ("Escalation Plan", "Third")


def test_a_plan_that_could_not_be_saved_any_more(world: World) -> None:
	world.endpoint()
	world.plan((0, "HTTP POST", "Endpoint", PAGER))
	frappe.db.delete("Escalation Endpoint")
	assert only("Plan Outage: Step 1: ") == ("Escalation Plan", "Outage")


def test_nobody_who_is_told(world: World) -> None:
	world.plan((0, "Email"), plan_owner="stranger@x.test")
	world.contact("stranger@x.test", email="stranger@elsewhere.test")  # never verified
	only("Stranger can't be reached by Email: There is no quiet method by which to tell them")
	frappe.db.set_value("User", "stranger@x.test", "enabled", 0)
	says = "The plan's owner Stan Stranger can't be reached by Email: The user is disabled."
	assert only(says) == ("Escalation Plan", "Outage")


def test_a_calendar_that_ends(world: World) -> None:
	soon = str((clock.to_site(world.now) + timedelta(days=20)).date())
	later = str((clock.to_site(world.now) + timedelta(days=40)).date())
	calendar = world.calendar("9:00-18:00", holidays=(soon,))
	world.plan((0, "Email"), **OFFICE)
	assert only("Escalation Calendar Office knows no holidays after") == ("Escalation Calendar", "Office")
	calendar.append("holidays", {"holiday_date": later})
	calendar.save()
	assert found() == {}
	frappe.db.delete("Escalation Calendar Hours")
	assert only("has no working hours")[0] == "Escalation Plan"
	with agreement(world) as doc:
		frappe.db.set_value(doc.doctype, doc.name, "end_date", soon)
		frappe.db.delete("Escalation Plan")
		world.plan((0, "Email"), calendar="Service Level Agreement")
		try:
			only(f"{doc.name} ends on")
		finally:
			frappe.db.set_value(doc.doctype, doc.name, "end_date", None)


def test_the_site_itself(world: World) -> None:
	world.plan((0, "Email"))
	scheduler(0)
	assert only("The site's scheduler is off")[0] == "System Settings"
	scheduler(1)
	ticket = world.ticket()
	world.wait(10 + 6)
	assert only("1 step is overdue") == (SETTINGS, SETTINGS)
	world.tick()
	world.expect_email("tech@x.test")
	world.change(ticket, status="Resolved")
	world.tick()
	world.inbox.clear()
	recorded = frappe.db.get_single_value(SETTINGS, "installation_id")
	frappe.db.set_single_value(SETTINGS, "installation_id", "another")
	try:
		assert only("This site is a copy") == (SETTINGS, SETTINGS)
	finally:
		frappe.db.set_single_value(SETTINGS, "installation_id", recorded)
		frappe.db.commit()


def test_who_may_ask(world: World) -> None:
	world.plan((0, "Email"))

	def ask(user: str, of: str, **arguments: Any) -> int:
		url = f"{world.url}/api/method/escalation_mgmt.api.{of}"
		return world.login(user).get(url, params=arguments, timeout=30).status_code

	assert [ask(user, "health.readiness") for user in ("manager@x.test", "tech@x.test")] == [200, 403]
	assert [ask(user, "plans.findings", plan="Outage") for user in ("manager@x.test", "tech@x.test")] == [
		200,
		403,
	]


def test_what_providers_refuse_is_said_when_they_were_asked(world: World) -> None:
	"""Only asking takes time; who looks at a page gets what was said last."""
	world.contact("lead@x.test", "+4915112345678")
	world.plan(
		*((0, "Email", "User", "lead@x.test"), (5, "SMS", "User", "lead@x.test")),
		(5, "Phone Call", "User", "lead@x.test"),
	)
	assert found() == {} and readiness.findings(ask_providers=True) == []
	doc = frappe.get_doc(SETTINGS)
	doc.twilio_auth_token = "0" * 32
	doc.save()
	frappe.db.commit()
	assert found() == {}, "nobody has asked since"
	(refused,) = readiness.findings(ask_providers=True)
	assert refused.problem.startswith("Phone Call, SMS: ") and "Auth Token" in refused.problem
	assert refused.remedies[0].doctype == SETTINGS
	assert list(found()) == [refused.problem], "remembered"
	frappe.db.set_value("Email Account", "Escalation Test", "smtp_port", 9)
	frappe.clear_document_cache("Email Account", "Escalation Test")
	email = next(f for f in readiness.findings(ask_providers=True) if f.problem.startswith("Email"))
	assert "can't be reached" in email.problem and email.remedies[0].doctype == "Email Account"
	email_account(*world.providers.smtp_address)
	doc.reload()
	doc.twilio_auth_token = world.providers.twilio.auth_token
	doc.save()
	frappe.db.commit()
	assert providers.ask() == {"Email": [], "Phone Call": [], "SMS": []}
	assert found() == {}


def test_stale_answers_are_asked_for_in_the_background(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.plan((0, "Email", "User", "lead@x.test"))
	asked: list[str] = []
	monkeypatch.setattr(frappe, "enqueue", lambda method, **_more: asked.append(method))
	found()
	assert asked == ["escalation_mgmt.preflight.providers.ask"]
	providers.ask()
	found()
	assert len(asked) == 1
	monkeypatch.setattr(providers, "FRESH_SECONDS", -1)
	found()
	assert len(asked) == 2


def test_a_further_team_costs_the_same_however_many_plans_there_are(world: World) -> None:
	"""Each plan is rehearsed with each team: what is asked of the site is asked once a team."""
	for number in range(8):
		world.plan((0, "Email", "Team"), (5, "Email"), title=f"Plan {number}", rank=20 + number)
	add_team("Team 0")
	few = questions()
	for number in range(1, 6):
		add_team(f"Team {number}")
	assert questions() - few <= 5 * 6


def questions() -> int:
	"""How often the database is asked."""
	frappe.db.commit()
	with listened() as asked:
		readiness.findings()
	return len(asked)
