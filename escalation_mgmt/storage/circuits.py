"""The circuits of providers and endpoints, in a table that all senders share: read once a set, written where something has gone
wrong or is right again. A row is there only for who has refused something and taken nothing since.

The table, because whoever sends has the database anyway: no Redis is asked, and none that is away stops a message. Whoever tries
a circuit writes that with the claim of its message, by compare-and-set. Should they die, the row itself says from when on another
may.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import frappe

from escalation_mgmt.engine import circuit as engine
from escalation_mgmt.engine.circuit import CLOSED, Circuit, Lets
from escalation_mgmt.notifiers.several import Kind
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import CIRCUIT
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.plain_text import cell

TRIED_TWICE = 2  # another transaction was in the way
_COLUMNS = ("failures", "since_utc", "last_utc", "opened_utc", "next_try_utc", "tries")


class Of(NamedTuple):
	"""Whose circuit it is: a provider's of a method, by its name, or an endpoint's."""

	method: str
	provider: str


@dataclass(frozen=True, slots=True)
class Trial:
	"""What became of one message: whether the provider refused it (or may have lost it), and whether this was to try it."""

	of: Of
	at: datetime
	refused: bool
	was_try: bool
	why: str = ""


@dataclass(frozen=True, slots=True)
class Known:
	circuit: Circuit
	why: str


class Circuits:
	"""Those that aren't as after a success, as they were when somebody read them."""

	def __init__(self, known: dict[Of, Known]) -> None:
		self._known = known

	@classmethod
	def read(cls) -> "Circuits":
		columns = ", ".join(f"`{column}`" for column in ("method", "provider", "why", *_COLUMNS))
		found = frappe.db.sql(f"select {columns} from `tab{CIRCUIT}`")
		return cls(
			{
				Of(method, provider or ""): Known(Circuit(*state), why or "")
				for method, provider, why, *state in found
			}
		)

	def lets(self, of: Of, now: datetime) -> Lets:
		return self.circuit(of).lets(now)

	def circuit(self, of: Of) -> Circuit:
		known = self._known.get(of)
		return known.circuit if known else CLOSED

	def why(self, of: Of) -> str:
		known = self._known.get(of)
		return known.why if known else ""

	def is_troubled(self, of: Of) -> bool:
		"""Whether it has refused something and taken nothing since: it may be slow, too."""
		return of in self._known

	def troubled(self, method: str) -> list[str]:
		return sorted(of.provider for of in self._known if of.method == method)

	def known(self) -> list[Of]:
		"""Those that have refused something and taken nothing since."""
		return sorted(self._known)

	def take_try(self, of: Of, now: datetime) -> bool:
		"""Whether the caller's message is the one that tries an open circuit; if so, no other does for a while. Committed by the
		caller, with the claim of that message.
		"""
		known = self._known[of]
		tried = engine.being_tried(known.circuit, now)
		self._known[of] = Known(tried, known.why)
		frappe.db.sql(
			f"update `tab{CIRCUIT}` set `next_try_utc` = %s where `name` = %s and `next_try_utc` = %s",
			(tried.next_try, _name(of), known.circuit.next_try),
		)
		return frappe.db._cursor.rowcount == 1


def record(trials: Sequence[Trial]) -> None:
	"""Write what messages have told of their providers, in a transaction of its own: ends the caller's. Nothing is sent later or
	not at all because it can't be written.
	"""
	for tried in range(TRIED_TWICE):
		try:
			frappe.db.rollback()
			_record(trials)
			frappe.db.commit()
			return
		except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
			frappe.db.rollback()
			if tried + 1 == TRIED_TWICE:
				return  # the next message tells it again
		except Exception:
			frappe.db.rollback()
			frappe.db.sql("select 1")  # raises where the database itself is away
			report_error("Escalation: what a provider's circuit is can't be written")
			frappe.db.commit()
			return


def _record(trials: Sequence[Trial]) -> None:
	by: dict[Of, list[Trial]] = {}
	for trial in trials:
		by.setdefault(trial.of, []).append(trial)
	locked = _locked(by)
	for of, told in sorted(by.items()):
		before = locked.get(of)
		after = _after(before or CLOSED, told)
		if after == CLOSED and before:
			frappe.db.delete(CIRCUIT, {"name": _name(of)})
		elif after != CLOSED:
			why = next((trial.why for trial in reversed(told) if trial.refused), "")
			_write(of, after, cell(why, 500), is_new=before is None)


def _after(circuit: Circuit, told: Sequence[Trial]) -> Circuit:
	for trial in sorted(told, key=lambda trial: trial.at):
		circuit = engine.failed(circuit, trial.at, was_try=trial.was_try) if trial.refused else CLOSED
	return circuit


def _locked(of: Iterable[Of]) -> dict[Of, Circuit]:
	names = sorted(map(_name, of))
	columns = ", ".join(f"`{column}`" for column in ("method", "provider", *_COLUMNS))
	found = frappe.db.sql(
		f"select {columns} from `tab{CIRCUIT}` where `name` in ({rows.placeholders(names)}) order by `name` for update",
		tuple(names),
	)
	return {Of(method, provider or ""): Circuit(*state) for method, provider, *state in found}


def _write(of: Of, circuit: Circuit, why: str, *, is_new: bool) -> None:
	state = (
		circuit.failures,
		circuit.since,
		circuit.last,
		circuit.opened,
		circuit.next_try,
		circuit.tries,
	)
	row = {"name": _name(of), **of._asdict(), "why": why, **dict(zip(_COLUMNS, state, strict=True))}
	if is_new:  # whoever was first in the same moment is right enough
		rows.insert_all(CIRCUIT, [row], pass_over_existing=True)
	else:
		rows.update_all(CIRCUIT, [row])


def try_at_once(now: datetime, method: str = "", provider: str = "") -> None:
	"""Somebody has set something up anew: the next message tries what was passed over. Of one method, of one provider, or all."""
	where, values = ["`opened_utc` is not null"], [now]
	for column, value in (("method", method), ("provider", provider)):
		if value:
			where.append(f"`{column}` = %s")
			values.append(value)
	frappe.db.sql(f"update `tab{CIRCUIT}` set `next_try_utc` = %s where {' and '.join(where)}", tuple(values))


def set_up_anew(doc: Any, _event: str = "") -> None:
	"""An Email Account, or *SMS Settings*, was saved: the next message tries what it is for."""
	method, provider = _MADE_READY_IN[doc.doctype]
	try_at_once(clock.now(), method, provider or doc.name)


_MADE_READY_IN = {Kind.EMAIL_ACCOUNT: ("Email", ""), Kind.SMS_SETTINGS: ("SMS", str(Kind.SMS_SETTINGS))}


def forget(providers: Iterable[str]) -> None:
	"""These are called otherwise now, or gone: their new names learn it anew."""
	for provider in providers:
		frappe.db.delete(CIRCUIT, {"provider": provider})


def forget_older(than: datetime) -> None:
	"""What nobody has sent by for so long."""
	frappe.db.delete(CIRCUIT, {"last_utc": ("<", than)})


def _name(of: Of) -> str:
	return hashlib.sha256("\n".join(of).encode()).hexdigest()[:32]
