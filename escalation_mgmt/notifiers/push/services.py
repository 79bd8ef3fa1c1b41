"""The push services that we write to. An address comes from a browser, so from anybody who may add a device.

What HTTP POST may reach (`escalation_allowed_hosts`) says nothing of them: an administrator chose an endpoint, and nobody has chosen a
device. Sources: Apple, "Sending web push notifications in web apps and browsers"; the endpoints that Chrome (and
what is built like it), Firefox and Edge give out.
"""

import re
from urllib.parse import urlsplit

from frappe import _

from escalation_mgmt.notifiers import egress
from escalation_mgmt.utils import site_config

_NAME = re.compile(
	r"[a-z0-9-]+(?:\.[a-z0-9-]+)+"
)  # of a host, and nothing that two parsers could read differently
KNOWN = ("*.push.apple.com", "fcm.googleapis.com", "*.push.services.mozilla.com", "*.notify.windows.com")


def named() -> tuple[str, ...]:
	"""Further ones that the site's configuration names (`escalation_push_hosts`): host, host:port or *.domain."""
	return site_config.hosts(site_config.PUSH_HOSTS)


def inside() -> tuple[str, ...]:
	"""Those that may stand on the site's own network: named in full, not by their domain."""
	return tuple(host for host in named() if "*" not in host)


def check(url: str) -> None:
	"""Refuse what is no address of a push service that is known or named. Raises egress.Forbidden."""
	egress.check_url(url, inside())
	parts = urlsplit(url)
	host, scheme = (parts.hostname or "").lower(), parts.scheme
	port = parts.port or (443 if scheme == "https" else 80)
	if scheme != "https" and f"{host}:{port}" not in inside():
		raise egress.Forbidden(lambda: _("The address of a push service begins with https://."))
	if not (_is_of(host, named(), port) or (port == 443 and _is_of(host, KNOWN, port))):
		raise egress.Forbidden(
			lambda: _(
				"{0} is no push service that is known here. If it is meant, an administrator names it under escalation_push_hosts in the site's configuration."
			).format(host)
		)


def _is_of(host: str, services: tuple[str, ...], port: int) -> bool:
	return egress.is_allowed(host, port, services) or any(
		service.startswith("*.") and host.endswith(service[1:]) and _NAME.fullmatch(host)
		for service in services
	)
