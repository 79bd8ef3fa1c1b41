"""What an email says arrives as it was written: subjects, names and texts of every script, through real SMTP, to a server
that takes seven bits, read back by two decoders that know nothing of each other (Python's, and Node's mailparser).
"""

import base64
import email
import email.policy
import json
import random
import subprocess
from collections.abc import Iterator, Sequence
from email.header import decode_header, make_header
from email.utils import parseaddr
from html import unescape

import frappe
import pytest

from escalation_mgmt.notifiers.base import Message, Sent
from escalation_mgmt.notifiers.email import EmailNotifier
from tests import judges
from tests.conftest import missing
from tests.profiles import NIGHTLY
from tests.scripts import WORDS, subject_of
from tests.world import World

pytestmark = pytest.mark.one_database
TO = "tech@x.test"
SUBJECTS = 2000 if NIGHTLY else 500


@pytest.fixture(autouse=True)
def _a_server_of_seven_bits(world: World) -> Iterator[None]:
	world.providers.smtp.seven_bit = True
	yield
	world.providers.smtp.seven_bit = False


def sent(world: World, messages: Sequence[Message]) -> list[bytes]:
	"""What the mail server got, byte by byte."""
	outcomes = [outcome for _message, outcome in EmailNotifier().send(messages)]
	assert [outcome for outcome in outcomes if not isinstance(outcome, Sent)] == []
	received = [message.raw for message in world.inbox.take_all()]
	assert len(received) == len(messages)
	assert all(raw.isascii() for raw in received)
	assert max(len(line) for raw in received for line in raw.splitlines()) <= 998
	return received


def mail(number: int, subject: str, text: str = "x", link: str = "") -> Message:
	return Message(
		notification=f"n{number}", attempt=f"a{number}", address=TO, subject=subject, text=text, link=link
	)


def by_node(raw: Sequence[bytes]) -> list[dict]:
	try:
		folder = judges.installed()
	except judges.Missing as e:
		missing("npm", str(e))
	program = """
		const { simpleParser } = require("mailparser");
		const mails = JSON.parse(require("fs").readFileSync(0, "utf8"));
		(async () => {
			const found = [];
			for (const raw of mails) {
				const mail = await simpleParser(Buffer.from(raw, "base64"), { skipImageLinks: true });
				found.push({ subject: mail.subject, from: mail.from.value[0], text: mail.text, html: mail.html });
			}
			process.stdout.write(JSON.stringify(found));
		})();
	"""
	given = json.dumps([base64.b64encode(each).decode() for each in raw])
	done = subprocess.run(
		["node", "-e", program], cwd=folder, input=given, capture_output=True, text=True, check=True
	)
	return json.loads(done.stdout)


def by_python(raw: bytes) -> email.message.EmailMessage:
	return email.message_from_bytes(raw, policy=email.policy.default)


def test_many_subjects_in_ten_scripts_arrive_as_they_were_sent(world: World) -> None:
	chance = random.Random(4)
	scripts = sorted(WORDS)
	subjects = [" ".join(subject_of(chance, scripts[n % len(scripts)]).split()) for n in range(SUBJECTS)]
	raw = sent(world, [mail(n, subject) for n, subject in enumerate(subjects)])
	read = [str(by_python(each)["Subject"]) for each in raw]
	assert [pair for pair in zip(subjects, read, strict=True) if pair[0] != pair[1]] == []
	judged = [each["subject"] for each in by_node(raw)]
	assert [pair for pair in zip(subjects, judged, strict=True) if pair[0] != pair[1]] == []


def split_name(header: str) -> tuple[str, str]:
	"""A decoded name may hold a comma, at which `parseaddr` would end it."""
	said, _blank, address = header.rpartition(" ")
	return said, address.strip("<>")


HARD = [
	"a" * 2000,  # a word that no line holds
	"Ünïcödé" * 100,
	"👩🏽‍🔬" * 60,
	"=?utf-8?q?not_encoded?= as a person typed it",
	"tab\tand  blanks\n\nand lines",
	'"quoted", <b>@ (comment); Группа: x',
	"Re: Re: Fwd: " + "очень длинное слово " * 20,
	"ends in a half: e\u0301",
	"السيرفر (prod-1) لا يعمل 100%",
	"word " * 300,
	".",
	"0",
]


def test_subjects_that_nobody_would_write(world: World) -> None:
	raw = sent(world, [mail(n, subject) for n, subject in enumerate(HARD)])
	wanted = [" ".join(subject.split()) for subject in HARD]
	assert [str(by_python(each)["Subject"]) for each in raw] == wanted
	assert [each["subject"] for each in by_node(raw)] == wanted


@pytest.mark.parametrize(
	"name",
	[
		"Help, Desk & Co. (Berlin)",
		'O"Brien',
		"Служба поддержки «Альфа», отдел эскалаций и круглосуточного дежурства",
		"مكتب المساعدة، الرياض",
		"ヘルプデスク株式会社 サポートセンター 緊急対応チーム 夜間受付窓口",
		"Störungsmeldung",
		"हेल्प डेस्क",
	],
)
def test_the_senders_name_arrives_in_every_script(world: World, name: str) -> None:
	before = frappe.db.get_value("Email Account", {"default_outgoing": 1}, "name")
	frappe.rename_doc("Email Account", before, name, force=True)
	frappe.db.set_value("Email Account", name, "email_account_name", name)
	frappe.db.commit()
	try:
		(raw,) = sent(world, [mail(1, "x")])
	finally:
		frappe.rename_doc("Email Account", name, before, force=True)
		frappe.db.set_value("Email Account", before, "email_account_name", before)
		frappe.db.commit()
	# Not `policy.default`, which until Python 3.13 puts blanks between the parts of a long encoded name.
	header = make_header(decode_header(email.message_from_bytes(raw)["From"]))
	said, address = parseaddr(str(header)) if str(header).isascii() else split_name(str(header))
	assert (said, address) == (name, "helpdesk@x.test")
	assert by_node([raw])[0]["from"] == {"address": "helpdesk@x.test", "name": name}


@pytest.mark.parametrize("long", [True, False], ids=["long lines", "short lines"])
@pytest.mark.parametrize("script", sorted(WORDS))
def test_a_text_arrives_as_it_was_written_in_seven_bits(world: World, script: str, long: bool) -> None:
	"""To a server that didn't offer 8BITMIME: the simulated one refuses a byte above 127 then. (What has long lines is
	encoded for those; short ones tell.)
	"""
	lines = [WORDS[script][0], "From here", ".", "..x"]
	lines += ["a" * 3000, " ".join(WORDS[script] * 40)] if long else []
	(raw,) = sent(world, [mail(1, "x", "\n".join(lines), link="https://x.test/ack/1")])
	(judged,) = by_node([raw])
	read = by_python(raw)
	for text in (read.get_body(("plain",)).get_content(), judged["text"]):
		assert text.replace("\r\n", "\n").strip().startswith("\n".join(lines))
	for html in (read.get_body(("html",)).get_content(), judged["html"]):
		assert all(f">{line}</p>" in unescape(html) for line in lines)
