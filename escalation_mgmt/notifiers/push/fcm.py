"""Firebase Cloud Messaging, the HTTP v1 API: the other way of the method iPhone Notification, to an app of one's own.

Done by pyfcm (`fcm_client`), which is installed by those who have such an app: docs/decisions/0006. Sources:
https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send, .../projects.messages and .../ErrorCode;
Apple's "Generating a remote notification" and "Sending notification requests to APNs" for what stands under `apns`.

What runs in threads here (`send`) knows nothing of Frappe; what an answer means is said by `outcome`, outside them.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from frappe import _
from google.auth.exceptions import RefreshError, TransportError
from urllib3.exceptions import NameResolutionError, NewConnectionError, ProxyError

from escalation_mgmt.notifiers import egress
from escalation_mgmt.notifiers.answers import first_line, one_line, retry_after
from escalation_mgmt.notifiers.base import CannotReach, Failed, Outcome, Retry, Sent, Unknown
from escalation_mgmt.notifiers.push import fcm_account
from escalation_mgmt.notifiers.push.base import TTL, Gone
from escalation_mgmt.notifiers.push.fcm_account import NoToken
from escalation_mgmt.utils import site_config

SECONDS = 10  # for one request
THREADS = 64


@dataclass(frozen=True, slots=True)
class Answer:
	"""What came of a request. `trouble`: that there was no answer, and how sure it is that nothing was taken."""

	status: int = 0
	code: str = ""  # FCM's errorCode, or the status's name
	said: str = ""
	name: str = ""  # of the message that was taken
	wait: timedelta | None = None
	trouble: str = ""  # "", no_token, refused_token, no_connection or lost


def connect(info: dict[str, Any]) -> Any:
	"""A client for many threads, of a service account that was checked. Raises egress.Forbidden where our proxy can't be one."""
	from escalation_mgmt.notifiers.push.fcm_client import Client  # not everybody has pyfcm

	return Client(
		fcm_account.credentials(info),
		info["project_id"],
		THREADS,
		base=site_config.text(site_config.FCM_URL),
		proxy=egress.proxy(),
	)


def send(client: Any, token: str, message: dict[str, Any], dry_run: bool = False) -> Answer:
	"""Send one message by a client, in any thread. Never raises."""
	try:
		return _answer(client.notify(fcm_token=token, **message, dry_run=dry_run, timeout=SECONDS))
	except NoToken as e:
		cause = e.__cause__
		# An old google-auth doesn't tell whether asking again may help.
		later = isinstance(cause, TransportError) or (
			isinstance(cause, RefreshError) and getattr(cause, "retryable", False)
		)
		return Answer(trouble="no_token" if later else "refused_token", said=first_line(cause, 200))
	except requests.RequestException as e:
		never = isinstance(e, requests.ConnectTimeout | requests.exceptions.SSLError) or _not_connected(e)
		return Answer(trouble="no_connection" if never else "lost", said=first_line(e, 200))
	except Exception as e:
		return Answer(trouble="lost", said=first_line(e, 200))


def _answer(response: requests.Response) -> Answer:
	body = _json(response)
	if response.status_code == 200:
		return Answer(200, name=str(body.get("name", "")))
	error = body.get("error") if isinstance(body.get("error"), dict) else {}
	details = [detail for detail in error.get("details") or () if isinstance(detail, dict)]
	codes = [str(detail["errorCode"]) for detail in details if detail.get("errorCode")]
	return Answer(
		response.status_code,
		code=codes[0] if codes else str(error.get("status", "")),
		said=one_line(str(error.get("message") or response.reason or ""), 300),
		wait=retry_after(response.headers.get("Retry-After")),
	)


def _json(response: requests.Response) -> dict[str, Any]:
	try:
		body = response.json()
	except ValueError:
		return {}
	return body if isinstance(body, dict) else {}


def _not_connected(error: requests.RequestException) -> bool:
	"""Whether the connection was never made, so that nothing was sent."""
	reason = getattr(error.args[0] if error.args else None, "reason", None)
	return isinstance(reason, NewConnectionError | NameResolutionError | ProxyError)


def outcome(answer: Answer) -> Outcome | Gone:
	"""What an answer means for the message, in words that tell what to do."""
	said = f"{answer.status or ''} {answer.code} {answer.said}".strip()
	if answer.status == 200:
		return Sent(answer.name[:140])
	if answer.trouble:
		return _unanswered(answer.trouble, said)
	if answer.status == 404 or answer.code in ("UNREGISTERED", "NOT_FOUND"):
		return Gone(_("the app was removed from it, or its token has expired"))
	if answer.code == "INVALID_ARGUMENT" and "registration token" in answer.said:
		return Gone(_("its token is none that FCM knows"))
	return _refused(answer, said)


def _unanswered(trouble: str, said: str) -> Outcome:
	match trouble:
		case "no_connection":
			return Retry(_("no connection to FCM: {0}").format(said))
		case "no_token":
			return Retry(_("Google gives no access token now: {0}").format(said))
		case "refused_token":
			return Failed(
				_(
					"Google refuses the FCM service account: {0}. Make a new key in Firebase and paste it."
				).format(said)
			)
	return Unknown(_("no answer from FCM: {0}").format(said))


def _refused(answer: Answer, said: str) -> Outcome:
	if answer.code == "SENDER_ID_MISMATCH":
		return Failed(_("its app belongs to another Firebase project than the service account"))
	if answer.code == "THIRD_PARTY_AUTH_ERROR":
		return Failed(
			_("Firebase can't log in to Apple: upload an APNs key in Firebase, under Cloud Messaging")
		)
	if answer.status == 401:
		return Retry(_("FCM refuses the access token: {0}").format(said))
	if answer.status == 403:
		return Failed(
			_(
				"the service account may not send: enable the Firebase Cloud Messaging API in its project ({0})"
			).format(said)
		)
	if answer.status == 407:
		return Retry(_("the proxy doesn't let us through: {0}").format(said))
	if answer.status == 429 or answer.status >= 500:
		return Retry(_("FCM is busy: {0}").format(said), answer.wait)
	return Failed(_("FCM refuses the message: {0}").format(said))


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
	"""How loud a message is. `critical`: through silent mode and Focus, for which Apple has to have given the app an entitlement."""

	urgent: bool
	critical: bool = False
	badge: int = 0  # the number on the app's icon

	@property
	def level(self) -> str:
		if self.critical:
			return "critical"
		return "time-sensitive" if self.urgent else "active"

	@property
	def sound(self) -> Any:
		return {"critical": 1, "name": "default", "volume": 1.0} if self.critical else "default"


def message(
	*, title: str, body: str, item: str, urgency: Urgency, data: dict[str, str], expires: int
) -> dict[str, Any]:
	"""pyfcm's arguments for one message, but for its token: as loud as its urgency says, one on the screen for each action item.

	`expires`: seconds since 1970, after which APNs gives up.
	"""
	urgent = urgency.urgent
	aps: dict[str, Any] = {
		"interruption-level": urgency.level,
		"thread-id": item,
		"category": "ESCALATION" if urgent else "ESCALATION_NEWS",
		"badge": urgency.badge,
	}
	if urgent:
		aps["sound"] = urgency.sound
	return {
		"notification_title": title,
		"notification_body": body,
		"data_payload": data,
		"apns_config": {
			"headers": {
				"apns-push-type": "alert",
				"apns-priority": "10" if urgent else "5",
				"apns-collapse-id": item[:64],  # APNs takes 64 bytes
				"apns-expiration": str(expires),
			},
			"payload": {"aps": aps},
		},
		"android_config": {
			"collapseKey": item,
			"priority": "HIGH" if urgent else "NORMAL",
			"ttl": f"{int(TTL.total_seconds())}s",
			"notification": {"tag": item, **({"sound": "default"} if urgent else {})},
		},
	}


def test_connection() -> str:
	"""Ask Google for an access token and FCM whether we may send; sends nothing. Raises CannotReach."""
	info = fcm_account.service_account_info()
	if not info:
		raise CannotReach(
			_("There is no FCM service account yet. Paste the file that Firebase gave you, and save.")
		)
	if why := egress.proxy_problem():
		raise CannotReach(why)
	answer = send(
		connect(info),
		"escalation-test",
		message(title="Test", body="Test", item="test", urgency=Urgency(urgent=False), data={}, expires=0),
		dry_run=True,
	)
	result = outcome(answer)
	# Only somebody who may send is told that this token is none.
	if isinstance(result, Sent | Gone):
		return _("Google accepts the service account, and FCM takes messages for the project {0}.").format(
			info["project_id"]
		)
	raise CannotReach(result.detail[:1].upper() + result.detail[1:])
