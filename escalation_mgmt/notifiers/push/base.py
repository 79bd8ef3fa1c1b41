"""What both ways to a device, Web Push and FCM, have in common."""

from dataclasses import dataclass
from datetime import timedelta

TTL = timedelta(hours=24)  # how long a push service keeps it for a phone that is off


@dataclass(frozen=True, slots=True)
class Gone:
	"""The device doesn't exist any more, for its service said so; the text says why."""

	detail: str
