"""What others say, with addresses, numbers and secrets masked: in spellings and alphabets that nobody reported."""

import time
from datetime import datetime

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
		"+49+170+1234567",
		"+49:170:1234567",
		"+49_170_1234567",
		"+49*170*1234567",
		"4,917,012,345,67",
		"91.23.45.67",
		"212.34.56.67",
		"12-34-5667",
		"31-13-1967",
		"1967-13-67",
		"1" * 29 + "67",
		"9" * 22 + "67",
		"00:00:49:17:01:23:45:67",
		"0\ufe0f\u20e31\ufe0f\u20e37\ufe0f\u20e30\ufe0f\u20e31\ufe0f\u20e32\ufe0f\u20e367",
	],
)
def test_a_number_is_masked_however_it_is_written(number: str, digits: str) -> None:
	said = f"The number '{in_digits(number, digits)}' isn't valid."
	found = masked(said).replace("\u202a", "").replace("\u202c", "")
	assert found.startswith("The number '") and found.endswith("67' isn't valid."), found
	assert sum(each.isdecimal() for each in found) <= 4 and "…67" in found


@pytest.mark.parametrize(
	"number",
	[
		"%2B49%20170%20123%2045%2067",
		"%252B49%2520170%25201234567",
		"%2b49%C2%A0170%E2%80%91123%34567",
		"+49&nbsp;170&nbsp;1234567",
		"&#43;49&#160;170&#xA0;1234567",
		"&amp;#43;49170&amp;#8209;1234567",
		"&plus;49 170 1234567",
		"%2B%34%39170%31234567",
		"&#x34;&#57; 170 1234567",
	],
)
def test_a_number_is_masked_however_it_is_escaped(number: str) -> None:
	found = masked(f"The number '{number}' isn't valid, 100%.")
	assert found in [f"The number '{country}…67' isn't valid, 100%." for country in ("", "+49")]


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
		("ann&#64;x.test", "a…@x.test"),
		("ann&commat;x.test, ann%2540x.test", "a…@x.test, a…@x.test"),
		(
			"https://hooks.slack.com/services/T0AB/B0CD/xxxxxxxxxxxxxxxxxxxxxxxx: 404",
			"https://hooks.slack.com/services/… 404",
		),
		("https://chat.x.test/hooks/abcdefghijklm", "https://chat.x.test/hooks/…"),
		("https://x.test/api/webhooks/1234/AbC-dEf", "https://x.test/api/webhooks/…"),
		("https://x.test/of/4917012345667/hooks/abcdefghijklm", "https://x.test/of/…67/hooks/…"),
		("https://u:p@x.test/services/abcdefghijk", "https://…@x.test/services/…"),
		("https://api.telegram.org/bot123:ABC-def/sendMessage", "https://api.telegram.org/bot…"),
		("POST /in/qwertyuiopasdfghjklzxcvb failed", "POST /in/… failed"),
		("jwt eyJhb.eyJz.c2ln!", "jwt …!"),
		("jwt eyJhbGciOiJub25lIn0.e30.", "jwt …"),
		("your code 123456", "your code …"),
		("code: 123-456, thanks", "code: …, thanks"),
		("Your code is ١٢٣٤٥٦.", "Your code is …."),
		("{'otp': '123456'}", "{'otp': '…'}"),
		("code%3A%20123456", "code: …"),
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
		"error 21610 2026-11-28 21:08:43",
		"error code 30007, code 21610, status code 404",
		"at 21:08:43.123456 and 21:08:43,123 and 21:08:43+01:00",
		"2026-11-28T21:08:43.123456Z and 2026-11-28 21:08:43.123456+01:00",
		"11/28/2026 21:08, 28.11.2026, 01-12-1999",
		"Connect call failed ('54.172.60.12', 443)",
		"192.168.10.12, 172.16.20.30, 104.16.132.229 and 91.23.45.67:8080",
		"from 2606:4700:4700::1111 and fe80::1ff:fe23:4567:890a",
		"escalation_mgmt 0.1.0 on Frappe 16.0.0, Python 3.11.7, helpdesk 1.28.1",
		"100% of 1234 &amp; 50&nbsp;%, %s %d %20s",
		'File "/srv/services/hooks/app/dispatcher.py", line 1234, in run',
		"https://x.test/services/web and https://docs.x.test/very-long-readable-path-segment/hooks",
		"ESC-00012, HD Ticket 4711, (char 6), 1,234 of 56,789",
		"(1062, \"Duplicate entry 'PRIMARY'\")",
		"+49…67 t…@x.test",
		"Ticket 1234, step 2 of 3, in 30 s",
		"",
	],
)
def test_what_is_none_stays(said: str) -> None:
	assert masked(said) == said


@given(
	st.one_of(
		st.text(alphabet="+0123456789 ().-/@a%٣\u200e…:=/&#;,2B", max_size=60),
		st.lists(
			st.sampled_from(
				[
					"%2B",
					"%20",
					"%25",
					"%34",
					"&#64;",
					"&amp;",
					"&nbsp;",
					"49",
					"170",
					"1234567",
					"+",
					",",
					":",
					"a",
					"%",
					"…",
					"2026-11-28",
					"91.23.45.67",
					"://x/",
					"/services/",
					"code ",
					"eyJ",
					"/",
					"21:08:43",
					" ",
					"::",
				]
			),
			max_size=12,
		).map("".join),
	)
)
def test_masked_twice_is_masked_once(said: str) -> None:
	once = masked(said)
	assert masked(once) == once


@given(
	st.integers(10**9, 10**12 - 1),
	st.one_of(
		st.text(alphabet=" .-/+()\u200e\u2011", max_size=3),
		st.sampled_from(
			[*",:;_*~=|#'!<>\\", "%20", "%2D", "%C2%A0", "&nbsp;", "&#45;", "%2520", "&amp;nbsp;", "+"]
		),
	),
	st.sampled_from(DIGITS),
	st.text(alphabet="abcé <>'\"\n,;", max_size=5),
)
def test_no_spelling_of_a_number_remains(number: int, between: str, digits: str, around: str) -> None:
	spelt = between.join(in_digits(str(number), digits))
	found = masked(f"{around}+{spelt}{around}")
	found = found.replace(around, "")
	assert sum(each.isdecimal() for each in found) <= 5, found


@given(st.datetimes(), st.sampled_from([" ", "T"]), st.sampled_from(["", "Z", "+01:00"]))
def test_no_instant_is_masked(at: datetime, between: str, zone: str) -> None:
	said = f"At {at.replace(year=1900 + at.year % 200).isoformat(between)}{zone}: refused"
	assert masked(said) == said


@given(st.ip_addresses(v=4).filter(lambda address: not address.is_global) | st.ip_addresses(v=6))
def test_no_address_of_the_internet_is_taken_for_a_number(address: object) -> None:
	assert masked(f"from {address} refused") == f"from {address} refused"


@pytest.mark.parametrize(
	"part",
	[
		"%41",
		"&#64;",
		"%2541",
		"&amp;",
		"eyJ",
		"eyJa.",
		"/services/",
		"://a/",
		"://a/services/",
		"1:",
		"1,",
		"code ",
		"::1",
		"12:34:",
		"a",
		"+",
		"1 ",
		"a@",
		"/ack/",
		"1.1.",
		"token=",
		"%2B1",
		"a-1",
		"1",
		"://a",
		"(",
	],
)
def test_it_takes_time_as_the_text_is_long(part: str) -> None:
	def takes(length: int) -> float:
		text = part * (length // len(part))
		started = time.process_time()
		masked(text)
		return time.process_time() - started

	takes(1000)
	assert min(takes(20_000) for _n in range(3)) < 6 * min(takes(5_000) for _n in range(3)) + 0.05
