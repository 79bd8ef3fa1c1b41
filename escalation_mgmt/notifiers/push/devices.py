"""The devices that take notifications: rows of Escalation Device, each of one user.

The address of a device is a secret: whoever has it (and our key) can write to it. It leaves the database only
towards its push service.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe
from cryptography.hazmat.primitives.asymmetric import ec
from frappe import _
from frappe.utils import now_datetime

from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import DEVICE, DEVICE_SECRET
from escalation_mgmt.utils.masking import masked
from escalation_mgmt.utils.plain_text import cell
from escalation_mgmt.utils.public_address import public_url

PAGE = "escalations"  # the technician's, on which people add their devices
WEB_PUSH, FCM = "Web Push", "FCM"
MOST = 10  # devices of one user
_LONGEST = 2000  # characters of an address


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
	"""A live device, with all that is needed to reach it. `server_key`: our public key that it trusts."""

	name: str
	user: str
	kind: str
	label: str
	endpoint: str
	p256dh: str = ""
	auth: str = ""
	server_key: str = ""


# Only people of the desk have devices. Who was one and isn't any more keeps them, and gets nothing.
_OF_STAFF = "exists (select 1 from `tabUser` u where u.`name` = d.`user` and u.`enabled` = 1 and u.`user_type` <> 'Website User')"


def page_url() -> str:
	"""The technician's page, at the configured public address of the site."""
	return public_url(f"/{PAGE}")


def ways() -> dict[str, set[tuple[str, str]]]:
	"""By which ways each user's live devices are reached: {user: {(kind, our public key)}}. One query for all."""
	found: dict[str, set[tuple[str, str]]] = {}
	for user, kind, key in frappe.db.sql(
		"select distinct d.`user`, d.`kind`, coalesce(s.`server_key`, '')"
		f" from `tab{DEVICE}` d left join `tab{DEVICE_SECRET}` s on s.`name` = d.`name` where d.`dead` = 0"
		f" and {_OF_STAFF}"
	):
		found.setdefault(user, set()).add((kind, key))
	return found


def live(users: Iterable[str]) -> dict[str, list[Device]]:
	"""The live devices of users, oldest first."""
	found: dict[str, list[Device]] = {user: [] for user in users}
	if not found:
		return found
	for row in frappe.db.sql(
		"select d.`name`, d.`user`, d.`kind`, d.`label`, s.`endpoint`, s.`p256dh`, s.`auth`, s.`server_key`"
		f" from `tab{DEVICE}` d join `tab{DEVICE_SECRET}` s on s.`name` = d.`name`"
		f" where d.`user` in ({rows.placeholders(found)}) and d.`dead` = 0 and {_OF_STAFF}"
		" order by d.`added_utc`, d.`name`",
		tuple(found),
		as_dict=True,
	):
		found[row.user].append(Device(**{column: value or "" for column, value in row.items()}))
	return found


def of(user: str) -> list[dict[str, Any]]:
	"""A user's devices as they may see them, newest first; times in the site's zone, addresses stay out of it."""
	found = frappe.get_all(
		DEVICE,
		filters={"user": user},
		fields=[
			"name",
			"kind",
			"label",
			"dead",
			"dead_reason",
			"added_utc",
			"last_used_utc",
		],
		order_by="added_utc desc, name desc",
	)
	known = _secrets_of([row.name for row in found])
	for row in found:
		row["endpoint_hash"] = known[row.name].endpoint_hash if row.name in known else ""
		row["added_at"] = clock.to_site(row.pop("added_utc"))
		row["last_used_at"] = clock.to_site(row.pop("last_used_utc"))
	return found


def add(
	user: str, kind: str, endpoint: str, label: str, *, p256dh: str = "", auth: str = "", server_key: str = ""
) -> str:
	"""Add a device, or bring one up to date that is there; returns its name. Checks nothing but what is here.

	An address belongs to one device. Where it was added by another user, it moves to this one only if the
	keys are the same as well: then it is the same browser with somebody else logged in, and the other's messages
	must not appear on it any more. Raises ValidationError.
	"""
	hashed = _hashed(endpoint)
	there = _of_address(hashed)
	if there and there.user != user and (there.p256dh or "", there.auth or "") != (p256dh, auth):
		frappe.throw(_("This device can't be added."))
	if not (there and there.user == user) and frappe.db.count(DEVICE, {"user": user}) >= MOST:
		frappe.throw(_("You have {0} devices already. Remove one of them first.").format(MOST))
	doc = frappe.get_doc(DEVICE, there.name) if there else frappe.new_doc(DEVICE)
	doc.update(
		{
			"user": user,
			"kind": kind,
			"label": cell(" ".join(label.split()), 140) or _(kind),
			"dead": 0,
			"dead_reason": "",
			"added_utc": doc.added_utc if there and there.user == user else clock.now(),
		}
	)
	doc.save(ignore_permissions=True)  # technicians add devices and may write nothing else
	secret = {
		"endpoint": endpoint,
		"endpoint_hash": hashed,
		"p256dh": p256dh,
		"auth": auth,
		"server_key": server_key,
	}
	if there:
		frappe.db.set_value(DEVICE_SECRET, doc.name, secret)
	else:
		rows.insert_all(DEVICE_SECRET, [{"name": doc.name, **secret}])
	return doc.name


def _of_address(hashed: str) -> Any:
	"""The device of this address, locked: its name, user, p256dh and auth; None where there is none."""
	found = frappe.db.sql(
		"select d.`name`, d.`user`, s.`p256dh`, s.`auth`"
		f" from `tab{DEVICE_SECRET}` s join `tab{DEVICE}` d on d.`name` = s.`name`"
		" where s.`endpoint_hash` = %s for update",
		(hashed,),
		as_dict=True,
	)
	return found[0] if found else None


def _secrets_of(names: Iterable[str]) -> dict[str, Any]:
	found = frappe.get_all(
		DEVICE_SECRET,
		filters={"name": ("in", list(names))},
		fields=["name", "endpoint_hash"],
		order_by="name",
	)
	return {row.name: row for row in found}


def delete(names: Iterable[str]) -> None:
	"""Delete devices, secrets and all, so that no Deleted Document remembers them."""
	gone = list(names)
	for doctype in (DEVICE_SECRET, DEVICE):
		frappe.db.delete(doctype, {"name": ("in", gone or [""])})


def remove(user: str, name: str) -> None:
	"""Remove one of a user's own devices. Somebody else's looks like one that isn't there."""
	if not frappe.db.exists(DEVICE, {"name": name, "user": user}):
		raise frappe.DoesNotExistError(_("You have no such device."))
	delete([name])


def forget(user: str, endpoint: str) -> None:
	"""Remove a user's own device by its address, if it is there."""
	there = _of_address(_hashed(endpoint))
	if there and there.user == user:
		delete([there.name])


def mark_used(names: Iterable[str], now: datetime) -> None:
	rows.update_all(DEVICE, [{"name": name, "last_used_utc": now} for name in sorted(set(names))])


def mark_dead(reasons: Mapping[str, str]) -> None:
	"""Devices whose service says that they are gone: {name: why}. They stay listed for a while, so that their owner sees
	it; `retention` removes them."""
	now = now_datetime()
	rows.update_all(
		DEVICE,
		[
			{"name": name, "dead": 1, "dead_reason": cell(masked(why[:500]), 500), "modified": now}
			for name, why in sorted(reasons.items())
		],
	)


def checked_keys(p256dh: str, auth: str) -> tuple[str, str]:
	"""The keys of a browser's subscription as base64url without padding (RFC 8291, 3.1 and 3.2). Raises ValidationError."""
	try:
		point, secret = decoded(p256dh), decoded(auth)
		ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
		if len(point) != 65 or len(secret) != 16:
			raise ValueError
	except ValueError:
		frappe.throw(_("These are not the keys of a browser's subscription."))
	return encoded(point), encoded(secret)


def checked_endpoint(endpoint: str) -> str:
	"""An address or token that can be stored and sent to. Raises ValidationError."""
	endpoint = endpoint.strip()
	if not endpoint or len(endpoint) > _LONGEST or not endpoint.isascii() or not endpoint.isprintable():
		frappe.throw(_("This is not the address of a device."))
	return endpoint


def _hashed(endpoint: str) -> str:
	return hashlib.sha256(endpoint.encode()).hexdigest()


def encoded(raw: bytes) -> str:
	"""base64url without padding."""
	return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
	"""base64 or base64url, padded or not. Raises ValueError."""
	text = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
	try:
		return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
	except (binascii.Error, UnicodeEncodeError) as e:
		raise ValueError(str(e)) from None
