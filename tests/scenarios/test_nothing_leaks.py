"""Design rule 9, from outside: a story with secrets that are known is told, and every table and log file is searched for them."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import frappe
import pytest

from escalation_mgmt.api import contacts
from escalation_mgmt.dispatch import dispatcher, monitor
from escalation_mgmt.inbound import replies
from escalation_mgmt.utils import error_reports, jobs
from host.providers.twilio import TwilioFault
from tests.scenarios.test_push import call, subscription
from tests.world import World

pytestmark = pytest.mark.one_database

TECH, LEAD = "tech@x.test", "lead@x.test"
TINA, LEO = "+4915112345601", "+4915112345602"
SPELLINGS = (TINA, "4915112345601", "0151 12345601", "(0151) 1234-5601", "0049 151 12345601", "15112345601")
SAID = "by all means xyzzy"  # what a stranger's SMS says

# Where an address or a secret has its place; nothing else may hold one.
KEPT_IN = {
	"Escalation Contact",
	"Escalation Notification",
	"Escalation Notification Secret",
	"Escalation Contact Code",
	"Escalation Device",
	"Escalation Device Secret",
	"__Auth",
	"Singles",
	"User",
}


def tables() -> Iterator[tuple[str, str]]:
	"""Every row of every table but those that may hold them, as text."""
	frappe.db.commit()
	if frappe.db.db_type == "mariadb":
		names = [row[0] for row in frappe.db.sql("show tables")]
	else:
		names = [row[0] for row in frappe.db.sql("select name from sqlite_master where type = 'table'")]
	for name in names:
		if name.removeprefix("tab") not in KEPT_IN and not name.startswith(("sqlite_", "__global")):
			for row in frappe.db.sql(f"select * from `{name}`"):
				yield name, " ".join(str(value) for value in row if value is not None)


def log_files() -> list[Path]:
	sites = Path(frappe.local.sites_path).resolve()
	folders = {sites / frappe.local.site / "logs", sites.parent / "logs", sites / "logs"}
	return [path for folder in folders for path in folder.glob("*.log*") if folder.is_dir()]


@contextmanager
def searched(*secrets: str) -> Iterator[list[str]]:
	"""Fails where one of the secrets (or of those that are added) is written to a table or a log meanwhile."""
	known = list(secrets)
	there = set(tables())
	sizes = {path: path.stat().st_size for path in log_files()}
	yield known
	logging.shutdown()
	found = []
	for name, text in set(tables()) - there:
		found += [(name, secret, text[:200]) for secret in known if secret in text]
	for path in log_files():
		with path.open("rb") as file:
			file.seek(min(sizes.get(path, 0), path.stat().st_size))
			written = file.read().decode("utf-8", "replace")
		found += [(path.name, secret, "") for secret in known if secret in written]
	assert not found, "\n".join(map(str, found))


def test_a_story_leaves_no_secret_behind(world: World) -> None:
	with searched(*SPELLINGS, SAID, world.providers.twilio.auth_token) as known:
		contact = world.contact(TECH, TINA, mobile_verified=0)
		world.contact(LEAD, LEO)
		contacts.send_code(contact.name)
		code = world.expect_sms(TINA).text.split()[0]
		assert not contacts.check_code(contact.name, "000000")["verified"]
		assert contacts.check_code(contact.name, code)["verified"]
		browser = world.device(TECH)
		known += [browser.as_json()["endpoint"], *browser.as_json()["keys"].values()]
		world.plan(
			(0, "SMS"),
			(0, "Phone Call"),
			(0, "iPhone Notification"),
			(0, "Email"),
			(5, "SMS", "Address", LEO),
		)
		ticket = world.ticket("Fire in rack 4")
		world.forward(10)
		sms = world.expect_sms(TINA)
		known += [sms.links[0].rpartition("/")[2], world.expect_email(TECH).links[0].rpartition("/")[2]]
		known.append(world.expect_push(TECH).body["notification"]["data"]["link"].rpartition("/")[2])
		world.expect_call(TINA).answer().press("7").hang_up()
		world.receipt(sms, "undelivered", error=30003)
		world.text(TINA, SAID)
		for secret in known[-3:]:
			world.get(f"{world.url}/ack/{secret}")
			world.post(f"{world.url}/ack/{secret}x")
		world.forward(5)
		world.post(world.url + "/ack/" + known[-1])
		assert world.item(ticket).status == "Acknowledged"
		world.tick()
	world.inbox.take_all()


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_provider_repeats_a_number_in_its_own_spelling(world: World, spelling: str) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (30, "Email", "User", LEAD))
	ticket = world.ticket()
	refusal = {"code": 21999, "status": 400, "message": f"The number {spelling} of tina.t@x.test is odd"}
	world.providers.faults.twilio.add(TwilioFault(status=400, body=json.dumps(refusal), taken=False), 1)
	with searched(*SPELLINGS, "tina.t@x.test"):
		world.forward(10)
	item = world.item(ticket)
	message, _instead = world.messages(item)
	assert message.status == "Failed" and spelling not in message.detail
	assert "…01" in message.detail or "Tina Tech" in message.detail
	assert spelling not in world.lines(item)
	world.inbox.take_all()


def test_a_receipt_repeats_a_number(world: World) -> None:
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (30, "Email", "User", LEAD))
	ticket = world.ticket()
	world.forward(10)
	sms = world.expect_sms(TINA)
	url = world.providers.twilio.record(sms.id).asked["StatusCallback"]
	said = {"MessageSid": sms.id, "MessageStatus": "failed", "ErrorCode": "39999"}
	with searched(*SPELLINGS):
		said["ErrorMessage"] = "No way to (0151) 1234-5601 or +49 151 12345601"
		assert world.providers.twilio.post(url, said).ok
	assert "(0151)" not in world.lines(world.item(ticket)) and "…01" in world.lines(world.item(ticket))
	world.inbox.take_all()


def test_a_job_that_waits_already_logs_no_senders_number(world: World) -> None:
	"""Frappe logs that a job isn't queued twice as an error, and with each such line what the request posted."""
	world.contact(TECH, TINA)
	world.plan((0, "SMS"), (30, "Email", "User", LEAD))
	first, second = world.ticket("One"), world.ticket("Two")
	world.forward(10)
	world.expect_sms(TINA, "One"), world.expect_sms(TINA, "Two")
	with searched(TINA, SAID):
		for body in ("1", "2", SAID):
			world.text(TINA, body)
	assert {world.item(first).status, world.item(second).status} == {"Acknowledged"}
	world.tick()
	world.inbox.take_all()


def test_whatever_a_job_logs_it_knows_no_form(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	seen: list[dict] = []
	monkeypatch.setattr(frappe, "enqueue", lambda *_a, **_k: seen.append(dict(frappe.local.form_dict)))
	frappe.local.form_dict = frappe._dict(From=TINA, Body=SAID)
	jobs.enqueue_once(monitor.health, "x")
	assert seen == [{}] and frappe.local.form_dict.From == TINA
	frappe.local.form_dict = frappe._dict()


def test_a_callback_that_breaks_is_reported_without_what_was_sent(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	def broken(sender: str, body: str, _opt_out: str) -> str:
		raise RuntimeError(f"no {sender} and (0151) 1234-5601")

	monkeypatch.setattr(replies, "take", broken)
	with searched(*SPELLINGS, SAID, world.providers.twilio.auth_token):
		answer, _replies = world.providers.twilio.text(TINA, SAID)
		assert answer.status_code == 500 and not answer.content
	world.expect_error("a callback of Twilio's broke")


def test_a_link_that_breaks_is_reported_without_its_token(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	from escalation_mgmt.web import acknowledgement

	world.plan((0, "Email"))
	world.ticket()
	world.forward(10)
	link = world.expect_email(TECH).links[0]
	monkeypatch.setattr(acknowledgement, "as_they_are", lambda messages: 1 / len(messages[0].address[:0]))
	with searched(link.rpartition("/")[2]):
		assert world.get(link).status_code == 500
	world.expect_error("the page behind a link broke")


def test_a_door_that_breaks_is_reported_without_what_it_was_given(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	from escalation_mgmt.notifiers.push import devices

	session = world.login(TECH)
	given = {**subscription(world, TECH), "endpoint": "https://web.push.apple.com/s3cretaddress"}
	monkeypatch.setattr(devices, "add", lambda *_a, **_k: 1 / 0)
	with searched("s3cretaddress", given["auth"], given["p256dh"]):
		answer = call(world, session, "add_device", **given)
		assert answer.status_code == 417 and "s3cret" not in answer.text
	world.expect_error("add_device broke")


def test_reports_and_logs_mask_what_an_exception_says(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	"""With telemetry on, as many sites have it: Frappe's own report would hand it the exception, values and all."""
	told = frappe.get_system_settings
	monkeypatch.setattr(frappe, "get_system_settings", lambda key: key == "enable_telemetry" or told(key))
	with searched(*SPELLINGS, "tina.t@x.test", "s3cretpassword"):
		try:
			raise ValueError("tina.t@x.test, 0151 12345601, https://me:s3cretpassword@h.test/")
		except ValueError:
			error_reports.report_error("Escalation: +49 151 12345601 broke")
			error_reports.log_error("the thread of 0151 12345601 broke")
	world.expect_error("…01 broke")


def test_a_job_that_breaks_is_reported_without_variables(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	def broken() -> int:
		number, token = TINA, "s3crettoken"
		return 1 / len((number, token)[2:])

	monkeypatch.setattr(dispatcher, "tick", broken)
	with searched(*SPELLINGS, "s3crettoken"):
		try:
			dispatcher.scheduled()
		except (
			error_reports.JobFailed
		):  # as a worker does where a job fails: with the values of all variables
			frappe.log_error(title="escalation_mgmt.dispatch.dispatcher.scheduled")
			frappe.db.commit()
	world.expect_error("the scheduled job failed")
	world.expect_error("JobFailed")
