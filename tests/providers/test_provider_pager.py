import json
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
from standardwebhooks import Webhook

from host.providers import LocalProviders, new_secret

BODY = {"ticket": "42", "subject": "Server „Ost“ down", "link": "https://site.example/ack?t=abc"}


def page(
	providers: LocalProviders,
	*,
	secret: str | None = None,
	name: str = "",
	id: str = "n-1",
	raw: bytes | None = None,
	at: datetime | None = None,
	timeout: float = 5,
	**headers: str,
) -> requests.Response:
	raw = json.dumps(BODY, ensure_ascii=False).encode() if raw is None else raw
	at = at or datetime.now(UTC)
	signed = {
		"Content-Type": "application/json",
		"webhook-id": id,
		"webhook-timestamp": str(int(at.timestamp())),
		"webhook-signature": Webhook(secret or providers.pager_secret).sign(
			id, at, raw.decode("utf-8", "replace")
		),
	}
	signed |= {key.replace("_", "-"): value for key, value in headers.items()}
	return requests.post(
		providers.pager_url + (f"/{name}" if name else ""),
		data=raw,
		headers={key: value for key, value in signed.items() if value},
		timeout=timeout,
		allow_redirects=False,
	)


def test_a_signed_page_is_taken(providers):
	assert page(providers).status_code == 200
	message = providers.inbox.expect(method="HTTP POST", to="page", contains="Server „Ost“")
	assert message.body == BODY
	assert message.verified is True
	assert message.id == "n-1"
	assert message.headers["content-type"] == "application/json"
	assert message.links == ("https://site.example/ack?t=abc",)
	providers.inbox.assert_empty()


def test_each_name_is_a_receiver(providers):
	page(providers, name="ops")
	page(providers, name="night")
	providers.inbox.expect(to="night")
	providers.inbox.expect(to="ops")


@pytest.mark.parametrize(
	"forge",
	[
		{"webhook_signature": ""},
		{"webhook_id": ""},
		{"webhook_timestamp": ""},
		{"secret": new_secret()},
		{"at": datetime.now(UTC) - timedelta(hours=6)},
		{"at": datetime.now(UTC) + timedelta(hours=6)},
		{"webhook_id": "another"},
		{"webhook_signature": "v1"},
		{"webhook_signature": "v1,%%%"},
		{"webhook_signature": "v1a,AAAA"},
		{"webhook_timestamp": "nan"},
		{"raw": b"\xff\xfe"},
	],
)
def test_forged_or_unsigned_is_shown_and_refused(providers, forge):
	assert page(providers, **forge).status_code == 401
	with pytest.raises(AssertionError, match="BAD SIGNATURE"):
		providers.inbox.expect(method="HTTP POST")
	providers.inbox.expect(method="HTTP POST", verified=False)


def test_an_altered_body_is_forged(providers):
	at = datetime.now(UTC)
	signature = Webhook(providers.pager_secret).sign("n-1", at, '{"ticket": 1}')
	answer = page(providers, raw=b'{"ticket": 2}', at=at, webhook_signature=signature)
	assert answer.status_code == 401
	assert providers.inbox.expect(verified=False).body == {"ticket": 2}


def test_a_fault_does_not_hide_a_bad_signature(providers):
	providers.faults.pager.status(503)
	assert page(providers, secret=new_secret()).status_code == 503
	providers.inbox.expect(verified=False)


def test_two_secrets_while_one_is_changed_for_the_other():
	old, new = new_secret(), new_secret()
	with LocalProviders(pager_secret=[new, old]) as providers:
		assert page(providers, secret=old).status_code == 200
		assert page(providers, secret=new).status_code == 200
		at = datetime.now(UTC)
		raw = json.dumps(BODY, ensure_ascii=False)
		both = " ".join(Webhook(secret).sign("n-1", at, raw) for secret in (new_secret(), new))
		assert page(providers, at=at, webhook_signature=both).status_code == 200
		providers.pager.secrets = [new]
		assert page(providers, secret=old).status_code == 401


@pytest.mark.parametrize("raw", [b"", b"not json", b"[NaN]", b"[1e999]", b"[" * 100_000])
def test_signed_but_no_json(providers, raw):
	assert page(providers, raw=raw).status_code == 400
	assert providers.inbox.messages() == []
	assert providers.pager.attempts[0].answer == "400"


def test_status_with_retry_after(providers):
	providers.faults.pager.status(429, retry_after=7)
	providers.faults.pager.status(503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")
	providers.faults.pager.status(404)
	answers = [page(providers) for _ in range(4)]
	assert [answer.status_code for answer in answers] == [429, 503, 404, 200]
	assert [answer.headers.get("Retry-After") for answer in answers] == [
		"7",
		"Wed, 21 Oct 2026 07:28:00 GMT",
		None,
		None,
	]
	providers.inbox.expect(method="HTTP POST")
	providers.inbox.assert_empty()
	assert [attempt.taken for attempt in providers.pager.attempts] == [False, False, False, True]


def test_a_fault_for_one_receiver_only(providers):
	providers.faults.pager.status(500, to="night")
	assert page(providers, name="ops").status_code == 200
	assert page(providers, name="night").status_code == 500
	providers.inbox.expect(to="ops")
	providers.inbox.assert_empty()


@pytest.mark.parametrize("taken", [True, False])
def test_hang(providers, taken):
	providers.faults.pager.hang(30, taken=taken)
	with pytest.raises(requests.ReadTimeout):
		page(providers, timeout=0.2)
	assert len(providers.inbox.take_all()) == taken


def test_a_patient_sender_has_the_answer(providers):
	providers.faults.pager.hang(0.1)
	started = time.monotonic()
	assert page(providers).status_code == 200
	assert time.monotonic() - started >= 0.1


def test_redirect(providers):
	providers.faults.pager.redirect("http://169.254.169.254/latest/")
	answer = page(providers)
	assert (answer.status_code, answer.headers["Location"]) == (302, "http://169.254.169.254/latest/")
	assert providers.inbox.messages() == []


def test_huge_answer(providers):
	providers.faults.pager.huge()
	assert len(page(providers, timeout=10).content) == 50_000_000
	providers.inbox.expect(method="HTTP POST")
	assert providers.pager.attempts[0].answer == "200, 50000000 of 50000000 bytes"


def test_it_is_seen_that_a_reader_cut_the_huge_answer(providers):
	providers.faults.pager.huge()
	with requests.Session() as session:
		session.headers["Connection"] = "close"
		answer = session.post(providers.pager_url, data=b"{}", stream=True, timeout=5)
		answer.raw.read(2000)
		answer.close()
	deadline = time.monotonic() + 5
	while not providers.pager.attempts and time.monotonic() < deadline:
		time.sleep(0.01)
	(attempt,) = providers.pager.attempts
	assert attempt.answer.endswith(" of 50000000 bytes")
	assert int(attempt.answer.split()[1]) < 50_000_000


@pytest.mark.parametrize("taken", [True, False])
def test_closed_after_the_request_was_read(providers, taken):
	providers.faults.pager.close(taken=taken)
	with pytest.raises(requests.ConnectionError):
		page(providers)
	assert len(providers.inbox.take_all()) == taken
	assert providers.pager.attempts[0].answer == "dropped"


def test_requests_are_counted_by_id(providers):
	providers.faults.pager.status(503)
	page(providers, id="n-1")
	page(providers, id="n-1")
	page(providers, id="n-2")
	assert providers.pager.ids() == {"n-1": 2, "n-2": 1}
	counted = requests.get(providers.inbox_url + "api/pager/ids", timeout=5).json()
	assert counted == {"n-1": 2, "n-2": 1}
	assert len(providers.inbox.messages()) == 2


def test_no_message_is_read_with_get(providers):
	assert requests.get(providers.pager_url, timeout=5).status_code == 405
