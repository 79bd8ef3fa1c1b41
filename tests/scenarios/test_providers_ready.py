"""Readiness and *Test Connection* for each provider; which circuit is open, since when and why (scenario 42)."""

import frappe

from escalation_mgmt.api import settings as settings_api
from escalation_mgmt.dispatch import another_way, monitor
from escalation_mgmt.preflight import providers, readiness
from escalation_mgmt.storage.circuits import Of
from tests.scenarios.test_circuits import broken, endpoints
from tests.scenarios.test_providers_in_order import TECH, TINA, gateway, second_mail, two_accounts
from tests.world import World


def found(*, ask: bool = False) -> dict[str, str]:
	frappe.db.commit()
	frappe.local.cache = {}
	return {each.problem: str(each.grade) for each in readiness.findings(ask_providers=ask)}


def ready(world: World, *steps: tuple) -> None:
	"""A plan of which nothing else can be said."""
	for user, number in (
		(TECH, TINA),
		("lead@x.test", "+4915112345602"),
		("second@x.test", "+4915112345603"),
	):
		world.contact(user, number)
	world.plan(*(steps or ((0, "SMS", "User", TECH), (30, "Email", "User", TECH))))


def test_42_readiness_says_which_circuit_is_open_since_when_and_why(world: World) -> None:
	two_accounts(world)
	ready(world)
	assert not [each for each in found() if "taken nothing" in each]
	broken(world, Of("SMS", "Twilio"))
	((words, grade),) = [each for each in found().items() if "taken nothing" in each[0]]
	assert words.startswith("SMS: Twilio is passed over: it has taken nothing since ")
	assert words.endswith("out of order") and grade == "amber"


def test_42_it_is_red_where_a_plan_has_nothing_else(world: World) -> None:
	endpoints(world)
	ready(world, (0, "HTTP POST", "Endpoint", "Stuck"), (30, "HTTP POST", "Endpoint", "Sound"))
	broken(world, Of("HTTP POST", "Stuck"))
	assert [grade for words, grade in found().items() if "taken nothing" in words] == ["amber"]
	broken(world, Of("HTTP POST", "Sound"))
	assert [grade for words, grade in found().items() if "taken nothing" in words] == ["red", "red"]


def test_42_every_mail_is_refused_and_not_all_is_ready(world: World) -> None:
	"""Today's own case: the server takes the log-in, and no message."""
	world.plan((0, "Email", "User", TECH))
	assert found(ask=True) == {}
	world.ticket()
	world.providers.faults.smtp.refuse(554, "5.7.1 Your address is on a list", times=2)
	world.forward(10)
	world.inbox.take_all()
	((words, grade),) = found(ask=True).items()
	assert words.startswith("Email: Escalation Test has refused what it got since ") and "5.7.1" in words
	assert grade == "amber"
	world.ticket()
	world.forward(10)
	world.inbox.take_all()
	assert found(ask=True) == {}, "it has taken one since"


def test_what_isnt_set_up_any_more_is_not_spoken_of(world: World) -> None:
	two_accounts(world)
	ready(world)
	broken(world, Of("SMS", "Twilio EU"))
	assert [words for words in found() if "taken nothing" in words]
	settings = frappe.get_doc("Escalation Settings")
	settings.providers = []
	settings.save()
	assert not [words for words in found() if "taken nothing" in words]


def test_each_provider_is_asked_and_only_what_all_refuse_is_red(world: World) -> None:
	two_accounts(world)
	ready(world, (0, "SMS", "User", TECH), (5, "Phone Call", "User", TECH))
	assert not [words for words in found(ask=True) if "log-in" in words]
	settings = frappe.get_doc("Escalation Settings")
	settings.providers[0].auth_token = "0" * 32
	settings.save()
	((words, grade),) = [each for each in found(ask=True).items() if "log-in" in each[0]]
	assert "Twilio EU: Twilio doesn't accept our log-in" in words and grade == "amber"
	settings.reload()
	settings.twilio_auth_token = "0" * 32
	settings.save()
	refused = {words: grade for words, grade in found(ask=True).items() if "log-in" in words}
	assert len(refused) == 2 and set(refused.values()) == {"red"}
	settings.reload()
	settings.twilio_auth_token = world.providers.twilio.auth_token
	settings.save()
	providers.ask()


def test_the_connection_of_each_is_tested(world: World) -> None:
	assert settings_api.test_twilio()["said"][0] == "Twilio takes our log-in."
	two_accounts(world, gateway(world))
	second_mail(world)
	said = settings_api.test_twilio()
	assert said["ok"], said
	text = "\n".join(said["said"])
	for name in ("Twilio: Twilio takes our log-in.", "Twilio EU: Twilio takes our log-in."):
		assert name in text
	assert "SMS Settings: It is ready." in text and "Second Mail: It is ready." in text
	frappe.db.set_value("Email Account", "Second Mail", "smtp_port", 1)
	frappe.clear_document_cache("Email Account", "Second Mail")
	frappe.db.set_single_value("SMS Settings", "sms_gateway_url", "")
	said = settings_api.test_twilio()
	text = "\n".join(said["said"])
	assert not said["ok"] and "SMS Settings: SMS Settings name no gateway" in text
	assert "Second Mail: The mail server doesn't take our log-in, or can't be reached" in text
	settings = frappe.get_doc("Escalation Settings")
	settings.providers = []
	settings.save()
	frappe.delete_doc("Email Account", "Second Mail", force=True)
	frappe.db.commit()


def test_failures_that_nobody_follows_are_overdue(world: World, monkeypatch) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "SMS"))
	world.ticket()
	world.providers.faults.twilio.refuse(21211)
	with monkeypatch.context() as patch:
		patch.setattr(another_way, "carry_out", lambda: 0)
		world.forward(10)
		assert not monitor.health().is_overdue
		world.forward(6)
		state = monitor.health()
		assert (state.failures_overdue, state.failures_late) == (1, 360) and state.is_overdue
		assert "1 message has failed, and waits for 6m to go another way" in " ".join(state.problems)
	world.tick()
	world.expect_call(TINA)
	assert not monitor.health().failures_overdue
