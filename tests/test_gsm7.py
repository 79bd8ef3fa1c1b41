"""How long an SMS is, and what is cut. The alphabet itself is judged against 3GPP TS 23.038's own examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.notifiers.twilio import gsm7

TAIL = "https://helpdesk.example.com/ack/" + "Ab1_-" * 8 + "\nReply 1 to acknowledge."


@pytest.mark.parametrize(
	("text", "length", "parts"),
	[
		("", 0, 1),
		("a" * 160, 160, 1),
		("a" * 161, 161, 2),
		("a" * 306, 306, 2),
		("a" * 307, 307, 3),
		("€" * 80, 160, 1),
		("[" * 81, 162, 2),
		("ж" * 70, 70, 1),
		("ж" * 71, 71, 2),
		("😀" * 35, 70, 1),
		("😀" * 36, 72, 2),
	],
)
def test_length_and_parts(text: str, length: int, parts: int) -> None:
	assert (gsm7.length(text), gsm7.parts(text)) == (length, parts)


@pytest.mark.parametrize(
	("text", "plain"),
	[
		("“quoted” ‘text’ — dash… ok", "\"quoted\" 'text' - dash... ok"),
		("Äpfel für Zoë, señor, šéf, Łódź", "Äpfel für Zoe, señor, séf, Lodz"),
		("a\u00a0b\u200bc", "a bc"),
		("сервер “упал”", "сервер “упал”"),  # another script stays as it is
		("e\u0301te\u0301", "été"),
	],
)
def test_plainer(text: str, plain: str) -> None:
	assert gsm7.plainer(text) == plain


@given(st.text(max_size=900), st.sampled_from([TAIL, "", TAIL + "ж"]))
def test_it_always_fits_and_the_tail_is_whole(text: str, tail: str) -> None:
	said = gsm7.fitted(text, tail)
	assert gsm7.parts(said) <= (gsm7.PARTS_GSM if gsm7.is_gsm(said) else gsm7.PARTS_UNICODE)
	assert said.endswith(gsm7.plainer(tail))


def test_what_is_short_stays_whole() -> None:
	assert gsm7.fitted("Server  outage\n", TAIL) == f"Server outage\n{TAIL}"


def test_a_surrogate_pair_is_never_cut_in_two() -> None:
	for before in range(4):
		said = gsm7.fitted("x" * before + "😀" * 300, "")
		said.encode("utf-8")
		assert said.endswith("😀...")
