"""pyfcm, without its own retries and sleeps: each attempt is ours to record (design rule 6)."""

import requests
from google.oauth2.service_account import Credentials
from pyfcm import FCMNotification
from requests.adapters import HTTPAdapter

from escalation_mgmt.notifiers import egress
from escalation_mgmt.notifiers.push import fcm_account
from escalation_mgmt.utils.site_config import Proxy


class Client(FCMNotification):
	"""For so many threads. `notify` returns FCM's answer as it came; it raises NoToken and requests' exceptions."""

	def __init__(
		self,
		credentials: Credentials,
		project: str,
		threads: int,
		*,
		base: str = "",
		proxy: Proxy | None = None,
	):
		self._proxy = proxy
		super().__init__(
			credentials=credentials,
			project_id=project,
			adapter=HTTPAdapter(max_retries=0, pool_connections=2, pool_maxsize=threads),
		)
		self.FCM_END_POINT_BASE = base or self.FCM_END_POINT_BASE

	def _get_access_token(self) -> str:
		return fcm_account.access_token(self.credentials, self._proxy)

	@property
	def requests_session(self) -> requests.Session:
		return egress.sync_session(super().requests_session, self._proxy)

	def send_request(self, payload: bytes | None = None, timeout: float | None = None) -> requests.Response:
		return self.requests_session.post(
			self.fcm_end_point, data=payload, timeout=timeout, allow_redirects=False
		)

	def parse_response(self, response: requests.Response) -> requests.Response:
		if response.status_code == 401:
			fcm_account.forget_token(self.credentials)
		return response
