"""iPhone Notification: to every device of a person, by Web Push (a page on the home screen) or FCM (an app of one's own).

A person is reached when one of their devices takes the message.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.engine import FOR_PUSHES
from escalation_mgmt.notifiers import connections, egress
from escalation_mgmt.notifiers.base import (
	CannotReach,
	Failed,
	Message,
	Notifier,
	Outcome,
	Person,
	Retry,
	Sent,
	Unknown,
)
from escalation_mgmt.notifiers.push import devices, fcm, fcm_account, services, vapid, web_push
from escalation_mgmt.notifiers.push.base import Gone
from escalation_mgmt.notifiers.push.content import Content, content_of
from escalation_mgmt.notifiers.push.devices import FCM, WEB_PUSH, Device, page_url
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.error_reports import report_error

_Came = web_push.Answer | fcm.Answer | Exception | None
"""What came of sending to one device, not yet in words; None: there is no way to send."""


class IphonePushNotifier(Notifier):
	method = "iPhone Notification"
	batch = fcm.THREADS  # a person may have ten devices
	carries_notices = True
	counts_waiting = True
	urgency = 1
	limit = FOR_PUSHES

	def __init__(self) -> None:
		self._ways: dict[str, set[tuple[str, str]]] | None = None
		self._pairs = vapid.key_pairs()
		try:
			self._account, self._no_account = fcm_account.service_account_info(), ""
		except CannotReach as e:  # browsers are reached all the same
			self._account, self._no_account = None, str(e)

	def not_ready(self) -> str | None:
		if why := egress.proxy_problem():
			return why
		if not self._all_ways():
			return _(
				"Nobody has a device. Each technician opens {0} on their phone and allows notifications."
			).format(page_url())
		return None

	def words(self, message: Message) -> str:
		shown = content_of(message)
		return f"{shown.title}\n\n{shown.body}"

	def refused(self) -> list[str]:
		"""Only FCM can be asked; a browser's push service only with a message."""
		try:
			if fcm_account.service_account_info():
				fcm.test_connection()
		except CannotReach as e:
			return [str(e)]
		return []

	def address_of(self, person: Person) -> str:
		return self.check_user(person.user)

	def check_user(self, user: str) -> str:
		"""The user, if one of their devices can be reached. Raises CannotReach."""
		ways = self._all_ways().get(user, set())
		if not ways:
			raise CannotReach(
				_("Has no device. They open {0} on their phone and allow notifications.").format(page_url())
			)
		if any(kind == WEB_PUSH and key in self._pairs for kind, key in ways):
			return user
		if not any(kind == FCM for kind, _key in ways):
			raise CannotReach(_("Their devices must be added anew. They open {0} once.").format(page_url()))
		if not self._account:
			raise CannotReach(
				self._no_account or _("FCM isn't set up. Enter its service account in Escalation Settings.")
			)
		return user

	def check_address(self, address: str) -> str:
		raise CannotReach(_("An iPhone Notification goes to a user's devices. Choose a person in the plan."))

	def mask(self, address: str) -> str:
		name, _at, domain = address.rpartition("@")
		return f"{name[:1]}…@{domain}" if name else address

	def send(self, messages: Sequence[Message]) -> Iterator[tuple[Message, Outcome]]:
		found = devices.live({message.address for message in messages})
		open_parcels: dict[str, _Parcel] = {}
		for message in messages:
			if not found[message.address]:
				yield (
					message,
					Failed(
						_("Has no device any more. They open {0} and allow notifications.").format(page_url())
					),
				)
				continue
			try:
				open_parcels[message.notification] = _Parcel(
					message, content_of(message), len(found[message.address])
				)
			except Exception as e:
				report_error(f"Escalation: push message {message.notification} can't be built")
				yield message, Failed(_("The message can't be built: {0}").format(str(e)[:300]))
		for parcel in self._sent(open_parcels, found):
			yield parcel.message, _verdict(parcel)

	def _sent(self, parcels: "dict[str, _Parcel]", found: dict[str, list[Device]]) -> "Iterator[_Parcel]":
		"""Each parcel, as soon as all of its devices have answered; what was learnt of devices is written before."""
		client = fcm.connect(self._account) if self._account else None
		with ThreadPoolExecutor(fcm.THREADS) as threads:

			async def one(pusher: web_push.Pusher, asked: tuple[_Parcel, Device]) -> _Came:
				parcel, device = asked
				try:
					return await _one(device, parcel.content, pusher, client, threads)
				except Exception as e:
					return e

			asked = [
				(parcel, device) for parcel in parcels.values() for device in found[parcel.message.address]
			]
			subject, proxy = vapid.subject(), egress.proxy()
			key = ("Web Push", *self._pairs, subject, *services.inside(), proxy)
			for known in connections.all_at_once(
				key, lambda: web_push.Pusher(self._pairs, subject, proxy), asked, one
			):
				learnt = [(parcel, device, _result(answer, device)) for (parcel, device), answer in known]
				_record([(device, result) for _parcel, device, result in learnt])
				for parcel, device, result in learnt:
					parcel.results.append((device, result))
					if len(parcel.results) == parcel.devices:
						yield parcel

	def _all_ways(self) -> dict[str, set[tuple[str, str]]]:
		if self._ways is None:
			self._ways = devices.ways()
		return self._ways


class _Parcel:
	"""One message and what its devices answered."""

	def __init__(self, message: Message, content: Content, devices: int):
		self.message, self.content, self.devices = message, content, devices
		self.results: list[tuple[Device, Outcome | Gone]] = []


async def _one(
	device: Device,
	content: Content,
	pusher: web_push.Pusher,
	client: Any,
	threads: ThreadPoolExecutor,
) -> _Came:
	"""Send to one device."""
	if device.kind == WEB_PUSH:
		urgency = "high" if content.urgent else "normal"
		return await pusher.send(device, content.as_json(), web_push.topic(content.tag), urgency)
	if not client:
		return None
	loop = asyncio.get_running_loop()
	return await loop.run_in_executor(threads, fcm.send, client, device.endpoint, content.as_fcm())


def _result(came: _Came, device: Device) -> Outcome | Gone:
	"""Outside the event loop: it has no words on Frappe 15, and what Frappe's locals are given inside a task is lost."""
	try:
		if device.kind == WEB_PUSH:
			return web_push.outcome(came)
		if isinstance(came, Exception):
			raise came  # so that the report has it
		return fcm.outcome(came) if came else Failed(_("FCM isn't set up"))
	except Exception as e:
		report_error(f"Escalation: push to device {device.name} broke")
		return Unknown(repr(e)[:300])


def _record(results: Sequence[tuple[Device, Outcome | Gone]]) -> None:
	"""Write what was learnt of devices, at once: no lock is held while others are awaited.

	Where another transaction is in the way it is left: the next message teaches it again.
	"""
	try:
		used = [device.name for device, result in results if isinstance(result, Sent)]
		devices.mark_used(used, clock.now())
		devices.mark_dead(
			{device.name: result.detail for device, result in results if isinstance(result, Gone)}
		)
		frappe.db.commit()
	except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
		frappe.db.rollback()


def _verdict(parcel: _Parcel) -> Outcome:
	"""What became of a message, from what became of it on each device."""
	by_kind: dict[type, list[tuple[Device, Any]]] = {}
	for device, result in parcel.results:
		by_kind.setdefault(type(result), []).append((device, result))
	failures = "; ".join(
		f"{device.label}: {result.detail}"
		for device, result in parcel.results
		if not isinstance(result, Sent)
	)
	if taken := by_kind.get(Sent):
		said = _("On {0}.").format(", ".join(device.label for device, _result in taken))
		return Sent(taken[0][1].provider_message_id, f"{said} {failures}".strip())
	if Unknown in by_kind:
		return Unknown(failures)
	if retries := by_kind.get(Retry):
		# The first that may be asked again decides: what matters is that one of them is reached.
		waits = [result.after for _device, result in retries]
		return Retry(failures, None if None in waits else min(waits))
	if set(by_kind) == {Gone}:
		return Failed(
			_(
				"No device of theirs takes notifications any more. They open {0} and allow them again. {1}"
			).format(page_url(), failures),
			by_no_provider=True,
		)
	return Failed(failures)
