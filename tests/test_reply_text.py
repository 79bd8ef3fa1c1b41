"""Replies and codes as people type them: other scripts, quotation marks, keycaps, signatures, marks that nobody sees."""

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from escalation_mgmt.inbound import quoted, reply_text
from escalation_mgmt.inbound.reply_text import Reply
from escalation_mgmt.utils import typed

ZEROS = [chr(c) for c in range(0x110000) if unicodedata.decimal(chr(c), None) == 0]
UNSEEN = "\u200e\u200f\u061c\u2066\u2069\u202a\u202c\u200b\u200d\u2060\ufeff\ufe0f\xad"
ASKS = "?؟⁇？"


def in_script(number: int, zero: str) -> str:
	return "".join(chr(ord(zero) + int(digit)) for digit in str(number))


numbers = st.integers(1, 999_999)
zeros = st.sampled_from(ZEROS)
unseen = st.text(UNSEEN, max_size=3)
opening = st.sampled_from(["", '"', "“", "„", "«", "‘", "(", "[", "# ", "> ", "「", " "])
closing = st.sampled_from(
	["", '"', "”", "“", "»", "’", ")", "]", ".", "!", "…", "。", "۔", "।", " ", "\u20e3", ",", " 👍🏽"]
)
signatures = st.sampled_from(
	[
		"",
		"\n\nSent from my iPhone",
		"\n--\nTina Tech\n+49 151 12345601",
		"\r\nVon meinem Gerät gesendet",
		"\n> Reply 7 to acknowledge.",
	]
)


@given(numbers, zeros, unseen, unseen, opening, closing, signatures)
@example(1, "٠", "\u200f", "\u200e", "“", "”", "\n\nSent from my iPhone")
@example(1, "0", "", "\ufe0f", "", "\u20e3", "")
def test_a_code_is_understood_however_it_is_typed(
	code: int, zero: str, before: str, behind: str, opened: str, closed: str, signature: str
) -> None:
	said = f"{before}{opened}{in_script(code, zero)}{behind}{closed}{signature}"
	assert reply_text.read(said) == Reply(code)


@given(
	st.sampled_from(["ack", "ACK", "Acknowledge", "acknowledged", "Ａｃｋ"]),
	st.sampled_from([" ", ": ", " #", "-", " – ", "\n", " no. ", " code ", ""]),
	numbers,
	zeros,
	closing,
)
def test_a_word_and_a_code_are_understood(word: str, apart: str, code: int, zero: str, closed: str) -> None:
	assert reply_text.read(f"{word}{apart}{in_script(code, zero)}{closed}") == Reply(code)
	assert reply_text.read(f"{in_script(code, zero)} {word}{closed}") == Reply(code)


@pytest.mark.parametrize(
	"said", ["Acknowledged", "“Ack”", "ACK!", "acknowledge…", "*ack*", "Acknowledged.\nTina", "ack 👍"]
)
def test_the_word_alone_is_of_what_is_open(said: str) -> None:
	assert reply_text.read(said) == Reply(None)


@pytest.mark.parametrize(
	"said",
	[
		"PASS 7",
		"7 pass",
		"Pass: 7",
		"pass on 7",
		"pass it on #7",
		"NO 7",
		"7 no",
		"no 7.",
		"“Pass 7”",
		"PASS 7\n\nTina",
	],
)
def test_a_word_beside_the_code_passes_it_on(said: str) -> None:
	assert reply_text.read(said) == Reply(7, passes_on=True)
	assert reply_text.read("pass") == Reply(None, passes_on=True)


@pytest.mark.parametrize("said", ["no. 7", "No: 7", "nr 7", "ack no 7", "7 ack"])
def test_a_number_that_is_called_one_acknowledges(said: str) -> None:
	assert reply_text.read(said) == Reply(7)


@pytest.mark.parametrize(
	"said",
	["pass?", "pass 7 or 8", "no", "passport 7", "bypass 7", "pass 7\n8", "", " ", "-1", "−1", "1 2", "1\n2", "1?", "١؟", "1a", "1/2", "½", "1.5", "yes", "not 1", "ack?", "no", "code", "1234567", "👍", "\u20e3",
	"+49 151 12345601", "Liked “Ticket 7: Reply 1 to acknowledge.”", "not acknowledged", "don't ack", "1 or 2", "call me\n1"],
)  # fmt: skip
def test_these_are_asked_about(said: str) -> None:
	assert reply_text.read(said) is None


@given(st.text())
def test_any_text_is_read_or_asked_about(said: str) -> None:
	reply_text.read(said)
	reply_text.word(said)
	typed.code(said)


apart = st.sampled_from(["", " ", "-", "–", "—", "\u2011", "−", ".", "\xa0", "\u2009", "\u200b", " - "])


@given(st.integers(0, 999_999), zeros, apart, unseen, opening, closing)
@example(7, "０", "-", "\u200f", "", ".")
@example(7, "۰", " ", "\u202a", "«", "»")
def test_a_verification_code_is_understood(
	number: int, zero: str, apart: str, before: str, opened: str, closed: str
) -> None:
	code = f"{number:06}"
	typed_code = "".join(chr(ord(zero) + int(digit)) for digit in code)
	closed = closed.removesuffix(" 👍🏽")
	assert typed.code(f"{before}{opened}{typed_code[:3]}{apart}{typed_code[3:]}{closed}") == code


def test_the_whole_sms_holds_one_code() -> None:
	assert typed.code("١٢٣٤٥٦ is your code. It is valid for 10 minutes.") == "123456"


@pytest.mark.parametrize(
	"said", ["", "12345", "1234567", "abcdef", "12345x", "123456 or 654321", "12,34", "None"]
)
def test_what_is_no_code_is_none(said: str) -> None:
	assert typed.code(said) is None


QUOTED = "> The printer is dark\n> 12345\n"
MAILS = {
	"gmail": "ack\n\nOn Mon, 30 Nov 2026 at 03:00, Helpdesk <helpdesk@x.test> wrote:\n\n" + QUOTED,
	"gmail, German": "ack\n\nAm Mo., 30. Nov. 2026 um 03:00 schrieb Helpdesk <\nhelpdesk@x.test>:\n\n"
	+ QUOTED,
	"French": "ack\n\nLe lun. 30 nov. 2026 à 03:00, Helpdesk <helpdesk@x.test> a écrit :\n" + QUOTED,
	"Japanese": "ack\n\n2026年11月30日(月) 3:00 Helpdesk <helpdesk@x.test>：\n" + QUOTED,
	"below": "Am 30.11.26 um 03:00 schrieb Helpdesk:\n" + QUOTED + "\nack\n",
	"outlook": "ack\n\nFrom: Helpdesk <helpdesk@x.test>\nSent: Monday\nTo: Tina\nSubject: Dark\n\n12345",
	"outlook, German": "ack\n\nVon: Helpdesk <helpdesk@x.test>\nGesendet: Montag\nAn: Tina\nBetreff: Dark\n\n12345",
	"outlook's rule": "ack\n________________________________\nDe : Helpdesk\n\n12345",
	"original": "ack\r\n\r\n-----Ursprüngliche Nachricht-----\r\nVon: Helpdesk\r\n12345",
	"a signature": "ack\n-- \nTina Tech\n12345",
}


@pytest.mark.parametrize("mail", MAILS.values(), ids=MAILS)
def test_of_a_mail_what_is_quoted_counts_for_nothing(mail: str) -> None:
	assert quoted.without_quotes(mail) == "ack"


def test_of_a_mail_what_was_written_stays() -> None:
	for said in ("Two things:\nthe fan\nthe disk", "Call me: 030 1234", "I read\n\n-- no --\n\nof it"):
		assert quoted.without_quotes(f"{said}\n\nOn 30 Nov 2026, Helpdesk wrote:\n{QUOTED}") == said


@pytest.mark.parametrize(
	"piece", ["On ", "On x\n", "a@: b\n", "> q\n", "1:\n>\n", "_", "!", " ", "From: x\n\ny\n"]
)
def test_of_a_mail_of_megabytes_the_time_it_takes_has_an_end(piece: str) -> None:
	before = time.process_time()
	reply_text.read(quoted.without_quotes(piece * 500_000))
	assert time.process_time() - before < 1
