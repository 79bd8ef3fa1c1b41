"""What others say, with addresses, numbers and secrets masked: in spellings and alphabets that nobody reported."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.utils.masking import masked

DIGITS = (
	"0123456789",
	"٠١٢٣٤٥٦٧٨٩",
	"۰۱۲۳۴۵۶۷۸۹",
	"०१२३४५६७८९",
	"０１２３４５６７８９",
	"𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
)


def in_digits(text: str, digits: str) -> str:
	return text.translate(str.maketrans(DIGITS[0], digits))


@pytest.mark.parametrize("digits", DIGITS)
@pytest.mark.parametrize(
	"number",
	[
		"+491701234567",
		"+49 170 1234567",
		"+49 (0)170 12 34 567",
		"0049 170/1234567",
		"(0170) 123-4567",
		"0170.123.4567",
		"0170–123–4567",
		"+49\u00a0170\u00a01234567",
		"+49\u2011170\u20111234567",
		"\u202a+49 170 1234567\u202c",
		"0170\u200b123\u200b4567",
		"＋49 170 1234567",
		"%2B491701234567",
		"tel:+49-170-1234567",
		"1234567",
	],
)
def test_a_number_is_masked_however_it_is_written(number: str, digits: str) -> None:
	said = f"The number '{in_digits(number, digits)}' isn't valid."
	found = masked(said).replace("\u202a", "").replace("\u202c", "")
	assert found.startswith("The number '") and found.endswith("67' isn't valid."), found
	assert sum(each.isdecimal() for each in found) <= 4 and "…67" in found


@pytest.mark.parametrize(
	("said", "shown"),
	[
		("550 5.1.1 <Tina.Tech@x.test>: unknown", "550 5.1.1 <T…@x.test>: unknown"),
		("tina%40x.test", "t…@x.test"),
		("tina＠x.test refused", "t…@x.test refused"),
		("тина@пошта.укр", "т…@пошта.укр"),
		("{'tina+a@x.test': (550, b'no')}", "{'t…@x.test': (550, b'no')}"),
		("https://user:p4ssword@h.test/x", "https://…@h.test/x"),
		("GET /ack/AbC_d-123 failed", "GET /ack/… failed"),
		("Authorization: Bearer eyJh.eyJz.sig0", "…"),
		("?token=s3cretvalue&a=1", "?…&a=1"),
		('{"api_key": "s3cretvalue"}', '{"…"}'),
		("key 4f1d2c3b4a5968778695a4b3c2d1e0f00112", "key …"),
		("https://hc.test/0f1d2c3b-4a59-6877-8695-a4b3c2d1e0f0", "https://hc.test/…"),
	],
)
def test_addresses_and_secrets_are_masked(said: str, shown: str) -> None:
	assert masked(said) == shown


@pytest.mark.parametrize(
	"said",
	[
		"The number is not valid. Correct it in the contact. (Twilio 21211)",
		"[Errno 111] Connect call failed ('127.0.0.1', 45677)",
		"errno 111 10.0.0.7:8080 refused",
		"Since 2026-11-28 21:08:43.123456 or 28-11-2026 21:08",
		"SM0123456789abcdef0123456789abcdef was taken",
		"message 18ec531cf5ad22f6917f0e61 can't be built",
		"503 Service Unavailable",
		"(1062, \"Duplicate entry 'PRIMARY'\")",
		"+49…67 t…@x.test",
		"Ticket 1234, step 2 of 3, in 30 s",
		"",
	],
)
def test_what_is_none_stays(said: str) -> None:
	assert masked(said) == said


@given(st.text(alphabet="+0123456789 ().-/@a%٣\u200e…:=/", max_size=60))
def test_masked_twice_is_masked_once(said: str) -> None:
	once = masked(said)
	assert masked(once) == once


@given(
	st.integers(10**9, 10**12 - 1),
	st.text(alphabet=" .-/()\u200e\u2011", max_size=3),
	st.sampled_from(DIGITS),
	st.text(alphabet="abcé <>'\"\n,;", max_size=5),
)
def test_no_spelling_of_a_number_remains(number: int, between: str, digits: str, around: str) -> None:
	spelt = between.join(in_digits(str(number), digits))
	found = masked(f"{around}+{spelt}{around}")
	assert sum(each.isdecimal() for each in found) <= 5, found


@pytest.mark.parametrize(
	"part", ["a", "+", "1 ", "a@", "/ack/", "1.1.", "token=", "%2B1", "a-1", "1", "://a", "("]
)
def test_it_takes_time_as_the_text_is_long(part: str) -> None:
	def takes(length: int) -> float:
		text = part * (length // len(part))
		started = time.perf_counter()
		masked(text)
		return time.perf_counter() - started

	takes(1000)
	assert min(takes(20_000) for _n in range(3)) < 6 * min(takes(5_000) for _n in range(3)) + 0.05
