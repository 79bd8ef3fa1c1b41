import smtplib
import time
from email.message import EmailMessage

import pytest

from host.providers import LocalProviders

TO = "ada@example.com"


def mail(subject: str = "Server down", to: str = TO, html: str = "") -> EmailMessage:
	message = EmailMessage()
	message["From"] = "Helpdesk <help@example.com>"
	message["To"] = to
	message["Subject"] = subject
	message["Message-ID"] = "<attempt-1@example.com>"
	message["X-Escalation-Notification"] = "n-1"
	message.set_content("Müller meldet: Ausfall.\n\nAcknowledge: https://site.example/ack?t=abc\n")
	if html:
		message.add_alternative(html, subtype="html")
	return message


def connect(providers: LocalProviders, timeout: float = 5) -> smtplib.SMTP:
	return smtplib.SMTP(*providers.smtp_address, timeout=timeout)


def test_a_mail_arrives_whole(providers):
	with connect(providers) as smtp:
		smtp.send_message(
			mail(subject="Störung „Ost“", html="<p>Müller</p><a href='https://x.example/'>x</a>")
		)
	message = providers.inbox.expect(method="Email", to=TO, contains="Ausfall")
	assert message.subject == "Störung „Ost“"
	assert message.text.startswith("Müller meldet")
	assert message.html.startswith("<p>Müller</p>")
	assert message.links == ("https://site.example/ack?t=abc", "https://x.example/")
	assert message.id == "<attempt-1@example.com>"
	assert message.headers["x-escalation-notification"] == "n-1"
	assert message.sender == "help@example.com"
	assert message.verified is None
	providers.inbox.assert_empty()
	assert [(attempt.answer, attempt.taken) for attempt in providers.smtp.attempts] == [
		("250 2.0.0 Taken", True)
	]


def test_every_recipient_has_a_message(providers):
	with connect(providers) as smtp:
		smtp.send_message(mail(), to_addrs=[TO, "bob@example.com"])
	providers.inbox.expect(to=TO)
	providers.inbox.expect(to="bob@example.com")
	providers.inbox.assert_empty()


def test_any_password_will_do(providers):
	with connect(providers) as smtp:
		smtp.login("help@example.com", "whatever")
		smtp.send_message(mail())
	providers.inbox.expect(to=TO)


def test_an_address_beyond_ascii(providers):
	with connect(providers) as smtp:
		smtp.send_message(mail(to="jörg@bücher.example"))
	providers.inbox.expect(to="jörg@bücher.example")


@pytest.mark.parametrize("code", [450, 550])
def test_refused_recipient(providers, code):
	providers.faults.smtp.refuse(code)
	with connect(providers) as smtp:
		with pytest.raises(smtplib.SMTPRecipientsRefused) as error:
			smtp.send_message(mail())
		assert error.value.recipients[TO][0] == code
		smtp.send_message(mail())  # on the same connection: only the next answer was bad
	providers.inbox.expect(to=TO)
	providers.inbox.assert_empty()
	assert [attempt.taken for attempt in providers.smtp.attempts] == [False, True]


def test_only_one_recipient_is_refused(providers):
	providers.faults.smtp.refuse(550, to="bob@example.com")
	with connect(providers) as smtp:
		refused = smtp.send_message(mail(), to_addrs=[TO, "bob@example.com"])
	assert list(refused) == ["bob@example.com"]
	providers.inbox.expect(to=TO)
	providers.inbox.assert_empty()


def test_refused_sender(providers):
	providers.faults.smtp.refuse(451, at="MAIL")
	with connect(providers) as smtp, pytest.raises(smtplib.SMTPSenderRefused):
		smtp.send_message(mail())
	assert providers.inbox.messages() == []


@pytest.mark.parametrize("at", ["DATA", "MESSAGE"])
@pytest.mark.parametrize("code", [452, 554])
def test_refused_message(providers, at, code):
	providers.faults.smtp.refuse(code, at=at)
	with connect(providers) as smtp, pytest.raises(smtplib.SMTPDataError) as error:
		smtp.send_message(mail())
	assert error.value.smtp_code == code
	assert providers.inbox.messages() == []


@pytest.mark.parametrize("at", ["MAIL", "RCPT", "DATA", "MESSAGE"])
def test_421_and_drop(providers, at):
	providers.faults.smtp.refuse(421, at=at, drop=True)
	smtp = connect(providers)
	with pytest.raises(smtplib.SMTPException) as error:
		smtp.send_message(mail())
	assert "421" in str(error.value)
	with pytest.raises(smtplib.SMTPServerDisconnected):
		smtp.noop()
	assert providers.inbox.messages() == []


@pytest.mark.parametrize("at", ["MAIL", "RCPT", "DATA"])
def test_dropped_before_the_message(providers, at):
	providers.faults.smtp.drop(at=at)
	with pytest.raises(smtplib.SMTPServerDisconnected):
		connect(providers).send_message(mail())
	assert providers.inbox.messages() == []


@pytest.mark.parametrize("taken", [True, False])
def test_dropped_in_place_of_the_last_answer(providers, taken):
	providers.faults.smtp.drop(taken=taken)
	with pytest.raises(smtplib.SMTPServerDisconnected):
		connect(providers).send_message(mail())
	assert len(providers.inbox.take_all()) == taken
	(attempt,) = providers.smtp.attempts
	assert (attempt.answer, attempt.taken, attempt.id) == ("dropped", taken, "<attempt-1@example.com>")


@pytest.mark.parametrize("at", ["RCPT", "MESSAGE"])
def test_a_hang_outlasts_the_sender(providers, at):
	providers.faults.smtp.hang(30, at=at)
	with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
		connect(providers, timeout=0.2).send_message(mail())
	assert len(providers.inbox.take_all()) == (at == "MESSAGE")


def test_a_patient_sender_has_the_answer(providers):
	providers.faults.smtp.hang(0.1)
	with connect(providers) as smtp:
		started = time.monotonic()
		smtp.send_message(mail())
	assert time.monotonic() - started >= 0.1
	providers.inbox.expect(to=TO)


def test_faults_happen_in_their_order(providers):
	providers.faults.smtp.refuse(450, times=2)
	providers.faults.smtp.refuse(550)
	codes = []
	with connect(providers) as smtp:
		smtp.ehlo()
		for _ in range(4):
			smtp.mail("help@example.com")
			codes.append(smtp.rcpt(TO)[0])
			smtp.rset()
	assert codes == [450, 450, 550, 250]


def test_lines_must_end_as_the_standard_says(providers):
	with connect(providers) as smtp:
		smtp.ehlo()
		smtp.mail("help@example.com")
		smtp.rcpt(TO)
		assert smtp.data(b"Subject: x\n\nbare line feeds\n")[0] == 550
	assert providers.inbox.messages() == []


@pytest.mark.parametrize(
	"raw",
	[
		b"",
		b"no header at all",
		b"Content-Type: text/plain; charset=klingon\r\n\r\nqapla\xff",
		b"Content-Type: multipart/alternative; boundary=x\r\n\r\nno boundary",
		b"Subject: =?utf-8?b?////?=\r\nTo: @@@,,<\r\nDate: never\r\nMessage-ID: <[\r\n\r\nx\xff",
		b"Content-Type: ;;;\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%",
	],
)
def test_a_broken_mail_is_received_as_well_as_it_can_be(providers, raw):
	with connect(providers) as smtp:
		smtp.ehlo()
		smtp.mail("help@example.com")
		smtp.rcpt(TO)
		assert smtp.data(raw)[0] == 250
	providers.inbox.expect(to=TO)


def test_long_headers_come_unfolded(providers):
	message = mail(subject="Ausfall in Halle 7, " * 10)
	message.replace_header("Message-ID", f"<{'a' * 90}@example.com>")
	with connect(providers) as smtp:
		smtp.send_message(message)
	received = providers.inbox.expect(to=TO)
	assert received.subject == ("Ausfall in Halle 7, " * 10).strip()
	assert received.id == providers.smtp.attempts[0].id == f"<{'a' * 90}@example.com>"
