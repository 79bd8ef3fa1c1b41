"""pyfcm, without its own retries and sleeps: each attempt is ours to record (design rule 6)."""

import threading
from typing import Any

import google.auth.transport.requests
import requests
from google.oauth2 import service_account
from pyfcm import FCMNotification
from requests.adapters import HTTPAdapter

from escalation_mgmt.notifiers.push.fcm import SECONDS, THREADS, NoToken

_exchange = threading.Lock()


class Client(FCMNotification):
	"""For many threads. `notify` returns FCM's answer as it came; it raises NoToken and requests' exceptions."""

	def __init__(self, credentials: service_account.Credentials, project: str, base: str | None = None):
		super().__init__(
			credentials=credentials,
			project_id=project,
			adapter=HTTPAdapter(max_retries=0, pool_connections=2, pool_maxsize=THREADS),
		)
		self.FCM_END_POINT_BASE = base or self.FCM_END_POINT_BASE

	def _get_access_token(self) -> str:
		def request(*args: Any, **more: Any) -> Any:
			return transport(*args, **{**more, "timeout": SECONDS})

		with _exchange:  # one, however many threads ask
			if not self.credentials.valid:
				transport = google.auth.transport.requests.Request()
				try:
					self.credentials.refresh(request)
				except Exception as e:
					raise NoToken from e
			return self.credentials.token

	def send_request(self, payload: bytes | None = None, timeout: float | None = None) -> requests.Response:
		return self.requests_session.post(
			self.fcm_end_point, data=payload, timeout=timeout, allow_redirects=False
		)

	def parse_response(self, response: requests.Response) -> requests.Response:
		if response.status_code == 401:
			with _exchange:
				self.credentials.token = None  # the next attempt asks for another
		return response
