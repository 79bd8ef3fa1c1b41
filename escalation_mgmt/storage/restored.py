"""Whether this site's database was restored to an earlier state, asked before anything is run or sent (design, section 7).

The mark stands in a file, and in two of Frappe's tables: that of defaults, which comes before ours in a dump, and that of Singles,
which comes after. So nothing of ours is read back without a mark that says so. A question is one statement, and goes with the
installation's id, which is asked for anyway. Whoever finds it first holds what is older, and has the catch-all recipient told, in one
transaction.
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import frappe

from escalation_mgmt.engine import (
	RUNNING,
	Audience,
	Event,
	EventKind,
	Mark,
	Notice,
	Recorded,
	begins,
	is_restored,
	is_under_way,
	next_mark,
)
from escalation_mgmt.engine.restored import EVERY
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.storage import action_items, acts, history, mark_file, outbox
from escalation_mgmt.utils import clock, fault_points, installation, realtime, rows
from escalation_mgmt.utils.doctypes import DEED, ITEM, NOTIFICATION, SETTINGS
from escalation_mgmt.utils.error_reports import report_error

PARENT = "__escalation_mgmt"  # under which our defaults stand
_MARK, _FOUND = "restore_mark", "restore_found"
_YOUNG = timedelta(minutes=1)
"""A ticket that is younger was logged since, whatever was restored: a restored state is two marks old, or it isn't seen as one."""
_tried: dict[str, float] = {}  # by site: when this process has written the file last, or has tried to


@dataclass(frozen=True, slots=True)
class Restore:
	"""A restore that was found, and that nobody has looked at yet. Instants in UTC."""

	found: datetime
	begins: datetime  # what is older was restored
	of: datetime | None  # the last mark of the restored state; None: it had none


@dataclass(frozen=True, slots=True)
class _Stored:
	installation: str  # its id in the database
	text: str  # of the mark, as it is stored
	recorded: Recorded
	restore: Restore | None


def may_send(now: datetime) -> bool:
	"""Whether this installation may run and send: it is none that is mute, and no restore of its database is being read back. What is
	older than one is held by then. Writes the mark, where it is time. May end the caller's transaction.
	"""
	stored = _read()
	if not installation.is_live(stored.installation):
		return False
	kept = mark_file.read(installation.bound())
	if is_restored(stored.recorded, kept):
		if is_under_way(stored.recorded, kept, now):
			return False
		_hold(now)
	else:
		_write_mark(stored, kept, now)
	return True


def is_sound() -> bool:
	"""Whether what this transaction has claimed may be run or sent: asked once it is locked, and so told by the same state of the database.
	Where it isn't, the caller leaves it, and the next tick finds out why.
	"""
	stored = _read()
	if not installation.is_live(stored.installation):
		return False
	return not is_restored(stored.recorded, mark_file.read(installation.bound()))


def found() -> Restore | None:
	"""A restore at which nobody has looked yet."""
	return _read().restore


def is_found() -> bool:
	"""Whether there is one, be it that no dispatcher has looked since."""
	stored = _read()
	return bool(stored.restore) or is_restored(stored.recorded, mark_file.read(installation.bound()))


def is_being_read_back() -> bool:
	"""Whether one is under way, and nothing may be run or sent."""
	return is_under_way(_read().recorded, mark_file.read(installation.bound()), clock.now())


def holds(created: datetime | None, now: datetime) -> bool:
	"""Whether what is opened for a ticket (by its stamp) is held, because it is older than a restore that nobody has looked at."""
	if created and timedelta(0) <= clock.to_site(now) - created < _YOUNG:
		return False
	restore = found()
	return bool(restore) and (not created or created <= clock.to_site(restore.begins))


def held_items(limit: int, after: str = "") -> list[str]:
	"""Items that are held until somebody has looked, by name, from the one after `after`. Nothing is locked."""
	sql = f"select `name` from `tab{ITEM}` where `held_utc` is not null and `name` > %s order by `name` limit {int(limit)}"
	return [row[0] for row in frappe.db.sql(sql, (after,))]


def count_held() -> int:
	return frappe.db.sql(f"select count(*) from `tab{ITEM}` where `held_utc` is not null")[0][0]


def looked() -> None:
	"""Somebody has looked: what is opened from now on is not held."""
	frappe.db.delete("DefaultValue", {"parent": PARENT, "defkey": _FOUND})


def forget() -> None:
	"""Nothing of it stays on the site."""
	frappe.db.delete("DefaultValue", {"parent": PARENT})
	frappe.db.delete("Singles", {"doctype": PARENT})
	mark_file.remove()


def _read() -> _Stored:
	said = dict(
		frappe.db.sql(
			"select 'installation', `value` from `tabSingles` where `doctype` = %s and `field` = 'installation_id'"
			" union all select `defkey`, `defvalue` from `tabDefaultValue` where `parent` = %s"
			" union all select 'last', `value` from `tabSingles` where `doctype` = %s and `field` = %s",
			(SETTINGS, PARENT, PARENT, _MARK),
		)
	)
	text = said.get(_MARK) or ""
	recorded = Recorded(_mark_of(text), _mark_of(said.get("last") or ""))
	return _Stored(said.get("installation") or "", text, recorded, _restore_of(said.get(_FOUND)))


def _mark_of(text: str) -> Mark | None:
	try:
		number, at = text.split(" ", maxsplit=1)
		return Mark(int(number), datetime.fromisoformat(at))
	except ValueError:
		return None


def _restore_of(text: str | None) -> Restore | None:
	if not text:
		return None
	said = json.loads(text)
	return Restore(
		**{key: datetime.fromisoformat(said[key]) if said[key] else None for key in Restore.__slots__}
	)


def _write_mark(stored: _Stored, kept: Mark | None, now: datetime) -> None:
	"""First in the database, where one of all writes it; then in the file, each machine in its own."""
	own = stored.recorded.first
	mark = next_mark(own, kept, now)
	if mark and _put_mark(stored.text, mark):
		fault_points.commit("mark")
		_write_file(mark)
	elif mark:
		frappe.db.rollback()  # another has written it
	elif own and (not kept or own.number - kept.number > 1) and _is_time():
		_write_file(own)


def _is_time() -> bool:
	"""Whether this process may try to write the file once more."""
	return time.monotonic() - _tried.get(frappe.local.site, float("-inf")) > EVERY.total_seconds()


def _put_mark(was: str, mark: Mark) -> bool:
	text = _text_of_mark(mark)
	if not was:
		return _insert_mark(mark)
	frappe.db.sql(
		"update `tabDefaultValue` set `defvalue` = %s where `parent` = %s and `defkey` = %s and `defvalue` = %s",
		(text, PARENT, _MARK, was),
	)
	if not frappe.db._cursor.rowcount:
		return False
	frappe.db.sql(
		"update `tabSingles` set `value` = %s where `doctype` = %s and `field` = %s", (text, PARENT, _MARK)
	)
	if not frappe.db._cursor.rowcount:
		_insert_last(text)
	return True


def _insert_mark(mark: Mark) -> bool:
	"""The first; the tables know no unique key for it, so one at a time."""
	_lock()
	if _locked(_MARK):
		return False
	_put_anew(mark)
	return True


def _put_anew(mark: Mark) -> None:
	frappe.db.delete("DefaultValue", {"parent": PARENT, "defkey": _MARK})
	frappe.db.delete("Singles", {"doctype": PARENT})
	_insert(_MARK, _text_of_mark(mark))
	_insert_last(_text_of_mark(mark))


def _insert_last(text: str) -> None:
	frappe.db.sql(
		"insert into `tabSingles` (`doctype`, `field`, `value`) values (%s, %s, %s)", (PARENT, _MARK, text)
	)


def _text_of_mark(mark: Mark) -> str:
	return f"{mark.number} {mark.at.isoformat()}"


def _write_file(mark: Mark) -> None:
	"""No step waits for a disk that is full or takes nothing: readiness says so."""
	_tried[frappe.local.site] = time.monotonic()
	try:
		mark_file.write(mark, installation.bound())
	except OSError as e:
		frappe.logger("escalation_mgmt").warning(f"the mark that tells a restore can't be written: {e}")


def _hold(now: datetime) -> None:
	"""Hold what is older, write the mark anew, and have it told: all, or nothing. Whoever else has found it waits, and does nothing. What
	is told is due at this instant: the tick that has found it sends it.
	"""
	frappe.db.rollback()
	_lock()
	stored, kept = _read(), mark_file.read(installation.bound())
	recorded = stored.recorded
	if not is_restored(recorded, kept) or is_under_way(recorded, kept, now):
		frappe.db.rollback()
		return
	own = recorded.first
	restore = Restore(now, begins(own, kept, now), own.at if own else None)
	names = _hold_items(restore)
	mark = Mark(max(each.number if each else 0 for each in (own, recorded.last, kept)) + 1, now)
	_put_anew(mark)
	looked()
	_insert(_FOUND, _text_of(restore))
	_tell(names, now)
	fault_points.commit("restored")
	_write_file(mark)


def _hold_items(restore: Restore) -> list[str]:
	"""Items that are older and run, or of which something isn't sent or done yet; and those that were opened since for a ticket that is
	older, unless a person did. Returns their names.
	"""
	held, under_way = [], _under_way()
	for start in range(0, len(under_way), rows.CHUNK):
		some = _lock_older(under_way[start : start + rows.CHUNK], restore.begins)
		if not some:
			continue
		frappe.db.sql(
			f"update `tab{ITEM}` set `held_utc` = %s, `updated_utc` = %s, `version` = `version` + 1,"
			" `paused_due_utc` = coalesce(`parked_due_utc`, `paused_due_utc`, `due_utc`), `due_utc` = null,"
			f" `parked` = null, `parked_due_utc` = null where `name` in ({rows.placeholders(some)})",
			(restore.found, restore.found, *some),
		)
		outbox.hold(some, restore.begins)
		history.append([history.Line(name, Event(EventKind.HELD_BY_RESTORE, restore.found)) for name in some])
		held += some
	realtime.tell_forms(held)
	return held


def _under_way() -> list[str]:
	"""Items that run, or of which something isn't sent or done yet."""
	running = sorted(RUNNING)
	sql = (
		f"select `name` from `tab{ITEM}` where `status` in ({rows.placeholders(running)})"
		f" union select `action_item` from `tab{NOTIFICATION}`"
		" where `next_attempt_utc` is not null or `follow_up_utc` is not null"
		f" or (`carried_by` is not null and `status` in ({rows.placeholders(outbox.UNDER_WAY)}))"
		f" union select `action_item` from `tab{DEED}` where `state` = %s"
	)
	return sorted(row[0] for row in frappe.db.sql(sql, (*running, *outbox.UNDER_WAY, acts.DeedState.QUEUED)))


def _lock_older(names: list[str], begins: datetime) -> list[str]:
	sql = (
		f"select `name` from `tab{ITEM}` where `name` in ({rows.placeholders(names)}) and `held_utc` is null"
		" and (`opened_utc` <= %s or (`ticket_created` <= %s and `started_by` is null)) order by `name` for update"
	)
	return [row[0] for row in frappe.db.sql(sql, (*names, begins, clock.to_site(begins)))]


def _tell(held: list[str], now: datetime) -> None:
	"""Tell the catch-all recipient, by a message of the first held item; where nothing is held, of the latest that there was."""
	frappe.db.savepoint("escalation_restored")
	try:
		latest = frappe.get_all(ITEM, pluck="name", order_by="name desc", limit=1)
		for stored in action_items.read((held or latest)[:1]):
			notice = Notice(Audience.CATCH_ALL, EventKind.HELD_BY_RESTORE)
			outbox.queue_notices([(stored.item, notice)], Directory(), now)
	except Exception:
		frappe.db.rollback(save_point="escalation_restored")
		report_error("Escalation: the catch-all recipient can't be told of a restored database")


def _lock() -> None:
	frappe.db.sql(
		"select `value` from `tabSingles` where `doctype` = %s and `field` = 'installation_id' for update",
		(SETTINGS,),
	)


def _locked(key: str) -> bool:
	"""Whether there is one, as it is now."""
	sql = "select `name` from `tabDefaultValue` where `parent` = %s and `defkey` = %s for update"
	return bool(frappe.db.sql(sql, (PARENT, key)))


def _insert(key: str, text: str) -> None:
	row: dict[str, Any] = {"parent": PARENT, "parenttype": PARENT, "parentfield": "system_defaults"}
	rows.insert_all("DefaultValue", [{"name": rows.new_name(), **row, "defkey": key, "defvalue": text}])


def _text_of(restore: Restore) -> str:
	said = {key: getattr(restore, key) for key in Restore.__slots__}
	return json.dumps({key: at.isoformat() if at else None for key, at in said.items()})
