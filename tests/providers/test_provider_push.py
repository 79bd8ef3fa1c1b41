"""The local Web Push service and FCM: what they refuse is what a sender can get wrong."""

import json
import time

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from py_vapid import Vapid02
from pywebpush import webpush

from host.providers import LocalProviders
from host.providers.fcm import AUDIENCE, PROJECT, SCOPE, SENDER, problems
from host.providers.webpush import encoded, point


@pytest.fixture
def pair() -> Vapid02:
	return Vapid02(ec.generate_private_key(ec.SECP256R1()))


def push(
	providers: LocalProviders, pair: Vapid02, browser, *, headers=None, claims=None, **more
) -> requests.Response:
	"""As pywebpush sends; it raises on a refusal, so the answer is taken off its exception."""
	from pywebpush import WebPushException

	try:
		return webpush(
			browser.as_json(),
			json.dumps({"notification": {"title": "é", "tag": "a"}}),
			vapid_private_key=pair,
			vapid_claims={"sub": "mailto:a@x.test", **(claims or {})},
			ttl=60,
			headers=headers or {},
			timeout=10,
			**more,
		)
	except WebPushException as e:
		return e.response


def subscribed(providers: LocalProviders, pair: Vapid02):
	return providers.webpush.subscribe("tech@x.test", encoded(point(pair.public_key)))


def test_what_is_right_is_decrypted_and_shown_once_for_each_tag(
	providers: LocalProviders, pair: Vapid02
) -> None:
	browser = subscribed(providers, pair)
	for _time in range(2):
		assert push(providers, pair, browser, headers={"Urgency": "high", "Topic": "abc"}).status_code == 201
		message = providers.inbox.expect(method="iPhone Notification", to="tech@x.test", contains="é")
		assert message.id == "abc" and message.headers["urgency"] == "high"
	assert len(providers.webpush.shown("tech@x.test")) == 1
	providers.webpush.forget()


@pytest.mark.parametrize(
	("wrong", "status"),
	[
		({"headers": {"Urgency": "now"}}, 400),
		({"headers": {"Topic": "x" * 33}}, 400),
		({"headers": {"Topic": "a/b"}}, 400),
		({"content_encoding": "aesgcm"}, 415),
		({"claims": {"aud": "https://push.example.com"}}, 403),
		({"claims": {"exp": int(time.time()) + 25 * 3600}}, 403),
	],
)
def test_what_is_wrong_is_refused(providers: LocalProviders, pair: Vapid02, wrong: dict, status: int) -> None:
	assert push(providers, pair, subscribed(providers, pair), **wrong).status_code == status
	providers.inbox.assert_empty()


def test_another_key_a_stranger_and_what_cant_be_decrypted_are_refused(
	providers: LocalProviders, pair: Vapid02
) -> None:
	browser = subscribed(providers, pair)
	other = Vapid02(ec.generate_private_key(ec.SECP256R1()))
	assert push(providers, other, browser).status_code == 403
	browser.auth = bytes(16)
	there = browser.as_json()
	browser.auth = bytes(range(16))  # encrypted for another secret than the browser has
	assert push(providers, pair, type("B", (), {"as_json": lambda self: there})()).status_code == 400
	providers.webpush.unsubscribe(browser)
	assert push(providers, pair, browser).status_code == 410
	browser.url += "x"
	assert push(providers, pair, browser).status_code == 404
	assert requests.post(browser.url[:-1], data=b"x", timeout=10).status_code == 410
	providers.inbox.assert_empty()


def access_token(providers: LocalProviders, **wrong) -> requests.Response:
	now = int(time.time())
	claims = {"iss": SENDER, "scope": SCOPE, "aud": AUDIENCE, "iat": now, "exp": now + 3600, **wrong}
	key = claims.pop("key", None) or providers.fcm.service_account()["private_key"]
	data = {
		"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
		"assertion": jwt.encode(claims, key, algorithm="RS256"),
	}
	return requests.post(providers.fcm.token_url, data=data, timeout=10)


@pytest.mark.parametrize(
	"wrong",
	[{"iss": "else@x.test"}, {"aud": "https://x.test"}, {"exp": 1}, {"scope": "openid"}, {"key": "other"}],
)
def test_a_wrong_assertion_gets_no_access_token(providers: LocalProviders, wrong: dict) -> None:
	if wrong.get("key"):
		wrong = {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
	assert access_token(providers, **wrong).status_code == 400


def test_fcm_takes_what_the_description_knows_from_who_has_a_token(providers: LocalProviders) -> None:
	url = f"{providers.fcm.base_url}/{PROJECT}/messages:send"
	device = providers.fcm.device("tech@x.test")
	body = {"message": {"token": device, "notification": {"title": "t", "body": "b"}}}
	assert requests.post(url, json=body, timeout=10).status_code == 401
	headers = {"Authorization": f"Bearer {access_token(providers).json()['access_token']}"}
	assert requests.post(url, json=body, headers=headers, timeout=10).ok
	providers.inbox.expect(method="iPhone Notification", to="tech@x.test", contains="t")
	body["message"]["android"] = {"collapse": "x"}
	answer = requests.post(url, json=body, headers=headers, timeout=10)
	assert answer.status_code == 400 and "message.android.collapse" in answer.text
	unknown = {"message": {"token": "a:b"}}
	answer = requests.post(url, json=unknown, headers=headers, timeout=10)
	assert answer.status_code == 404 and "UNREGISTERED" in answer.text
	providers.inbox.assert_empty()


@pytest.mark.parametrize(
	("body", "said"),
	[
		({"message": {"data": {"n": 1}}}, ["message.data.n is not a text"]),
		({"message": {"android": {"priority": "URGENT"}}}, ["message.android.priority is none of"]),
		({"message": {"android": {"ttl": "1h"}}}, ["message.android.ttl is not a duration"]),
		(
			{"message": [], "validate_only": "no"},
			["message is not an object", "validate_only is not a boolean"],
		),
		({"message": {"apns": {"payload": {"aps": {"any": [1]}}, "headers": {"apns-priority": "10"}}}}, []),
	],
)
def test_the_description_is_held_against_every_part(body: dict, said: list[str]) -> None:
	found = list(problems(body, "SendMessageRequest"))
	assert len(found) == len(said) and all(a.startswith(b) for a, b in zip(found, said, strict=True)), found
