"""Whether deadlines were met, before plans guarded them and since. What each figure means stands with the package."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_days, cint, get_datetime, getdate

from escalation_mgmt.engine import Clock, Plan
from escalation_mgmt.facts import deadlines, plan_times, plans, sources
from escalation_mgmt.facts.plan_times import Phase, Since
from escalation_mgmt.facts.tickets import closed_sql
from escalation_mgmt.utils import bounds, clock
from escalation_mgmt.utils.doctypes import PLAN
from escalation_mgmt.views.figures import local_time
from escalation_mgmt.views.figures.asked import unsorted

MET, MISSED, OPEN, UNKNOWN = OUTCOMES = ("met", "missed", "open", "unknown")
PHASES = tuple(Phase)
CLOCKS = (Clock.FIRST_RESPONSE, Clock.RESOLUTION)
"""Those of which a ticket itself says by when. A next response has no deadline but the window of a plan."""

EARLIEST = date(1900, 1, 1)
_YEARS = timedelta(days=3660)  # of which clock changes are known where no period is asked for
_SPARE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class AskedDeadlines:
	"""`clocks`: those that are counted, each with how it stood with the plan, or with all plans of the clock. `first`, `last`: days
	of the site, both inclusive. `source` None: there is nothing to count, and `refusal` says why.
	"""

	doctype: str
	source: sources.Source | None
	plan: Plan | None
	clocks: Mapping[Clock, tuple[Since, ...]]
	first: date | None = None
	last: date | None = None
	readable: str = ""
	refusal: str = ""
	widened: datetime | None = None  # since when (UTC) the plan takes more than when it was enabled


def read(filters: Mapping[str, Any] | None) -> AskedDeadlines:
	"""What filters ask for: from_date, to_date (of the deadline, in the site's zone, both inclusive), plan, clock, reference_doctype.

	With a plan its own clock and DocType are meant, whatever else is said. Raises ValidationError for a day that is none, a period
	that ends before it begins, a plan or a clock that there is none of; PermissionError for a plan that isn't theirs to read.
	"""
	filters = frappe._dict(filters or {})
	first, last = (
		getdate(bounds.day(filters[name])) if filters.get(name) else None for name in ("from_date", "to_date")
	)
	if first and last and first > last:
		frappe.throw(_("The period ends before it begins. Exchange From and To."))
	if filters.clock and str(filters.clock) not in set(Clock):
		frappe.throw(_("Choose a clock."))
	plan = _plan(str(filters.plan)) if filters.plan else None
	doctype = plan.takes.doctype if plan else str(filters.reference_doctype or "") or _usual_doctype()
	wanted = (plan.clock,) if plan else (Clock(filters.clock),) if filters.clock else CLOCKS
	if not doctype or not sources.is_source(doctype):
		refusal = (
			_("{0} holds no tickets that Escalation Settings say how to read.").format(_(doctype))
			if doctype
			else _("There are no tickets on this site.")
		)
		return AskedDeadlines(doctype, None, plan, {}, refusal=refusal)
	readable = deadlines.readable(doctype)
	if readable is None:
		refusal = _("You may not read {0}, so none of them are counted for you.").format(_(doctype))
		return AskedDeadlines(doctype, None, plan, {}, refusal=refusal)
	src = sources.source(doctype)
	times = {
		of: plan_times.of_plan(plan.name, of, doctype) if plan else plan_times.of_all(of, doctype)
		for of in wanted
		if deadlines.of_clock(src, of, "")
	}
	if not times:
		return AskedDeadlines(doctype, None, plan, {}, refusal=_no_deadline(wanted[0], doctype))
	widened = plan_times.widened(plan.name, times[plan.clock]) if plan else None
	return AskedDeadlines(doctype, src, plan, times, first, last, readable, widened=widened)


def _plan(name: str) -> Plan:
	if not frappe.db.exists(PLAN, name):
		frappe.throw(_("There is no plan of that name any more. Choose another one."))
	doc = frappe.get_doc(PLAN, name)
	doc.check_permission("read")
	return plans.from_doc(doc)


def _usual_doctype() -> str:
	"""That of most plans, else the first one whose tickets can be read."""
	sql = f"select `reference_doctype` from `tab{PLAN}` group by `reference_doctype` order by sum(`enabled`) desc, count(*) desc limit 1"
	found = frappe.db.sql(sql)
	there = sources.doctypes()
	return found[0][0] if found and found[0][0] in there else next(iter(there), "")


def _no_deadline(of: Clock, doctype: str) -> str:
	if of is Clock.NEXT_RESPONSE:
		return _(
			"A next response has no deadline in a ticket, so nobody knows how many were met before there was a plan."
			" Response Performance says how fast they are acknowledged."
		)
	return _(
		"{0} doesn't say by when, or doesn't say when it was done, so there is nothing to count."
	).format(_(doctype))


def by_month(asked: AskedDeadlines) -> list[dict[str, Any]]:
	"""A row for each `clock`, `month` ("2026-11") and `phase` in which there was a deadline, by month, clock and phase: `deadlines`, what
	became of them (OUTCOMES), and `share`: met, of those that were met or missed, in percent; None where there are none.
	"""
	if not asked.source:
		return []
	codes = [_code(asked, of) for of in asked.clocks]
	columns = ", ".join(f"{code} as `c{place}`" for place, code in enumerate(codes))
	by = ", ".join(f"c{place}" for place in range(len(codes)))
	rows, values = _rows(asked)
	found: dict[Clock, Counter[int]] = {of: Counter() for of in asked.clocks}
	for *of_clocks, count in frappe.db.sql(
		f"select {by}, count(*) from (select {columns} from ({rows}) ticket) coded group by {by} {unsorted()}",
		values,
	):
		for of, code in zip(asked.clocks, of_clocks, strict=True):
			if code is not None:
				found[of][cint(code)] += count
	groups: dict[tuple[int, Clock, int], Counter[int]] = {}
	for of, counts in found.items():
		for code, count in counts.items():
			month, phase, outcome = code // 100, code // 10 % 10, code % 10
			groups.setdefault((month, of, phase), Counter())[outcome] += count
	order_of = {of: place for place, of in enumerate(CLOCKS)}
	return [
		{"month": f"{month // 100}-{month % 100:02}", "clock": str(of), "phase": str(PHASES[phase])}
		| _figures({name: outcomes[place] for place, name in enumerate(OUTCOMES)})
		for (month, of, phase), outcomes in sorted(
			groups.items(), key=lambda each: (each[0][0], order_of[each[0][1]], each[0][2])
		)
	]


def together(rows: Iterable[Mapping[str, Any]], of: Clock, phase: Phase) -> dict[str, Any]:
	"""Rows of months added up, of one clock and phase."""
	mine = [row for row in rows if (row["clock"], row["phase"]) == (of, phase)]
	return _figures({name: sum(row[name] for row in mine) for name in OUTCOMES})


def _figures(counts: dict[str, int]) -> dict[str, Any]:
	settled = counts[MET] + counts[MISSED]
	return {
		"deadlines": sum(counts.values()),
		**counts,
		"share": 100 * counts[MET] / settled if settled else None,
	}


def tickets(
	asked: AskedDeadlines, *, phase: str = "", outcome: str = "", limit: int, start: int = 0
) -> list[dict[str, Any]]:
	"""The tickets behind the figures of the clocks that are asked for, the latest deadline first: `ticket`, `subject`, `clock`, `phase`,
	`outcome`, `due` and `ended` (as they stand in the ticket, in the site's zone; None: not yet), `late` (seconds; None unless it was missed).
	"""
	if not asked.source:
		return []
	rows, values = _rows(asked)
	parts = []
	for place, of in enumerate(asked.clocks):
		wanted = [f"{_phase(asked.clocks[of], place)} = {PHASES.index(Phase(phase))}"] if phase else []
		wanted += [f"{_outcome(place)} = {OUTCOMES.index(outcome)}"] if outcome else []
		parts.append(
			f"select `name`, `subject`, {CLOCKS.index(of)} as clock, {_phase(asked.clocks[of], place)} as phase,"
			f" {_outcome(place)} as outcome, due{place} as due, ended{place} as ended from ({rows}) ticket"
			f" where {' and '.join([f'month{place} is not null', *wanted])}"
		)
	sql = f"{' union all '.join(parts)} order by due desc, `name` desc, clock limit {cint(limit)} offset {cint(start)}"
	now = int(clock.unix(clock.now()))
	return [
		{
			"ticket": str(name),
			"subject": subject,
			"clock": str(CLOCKS[of]),
			"phase": str(PHASES[cint(phase_)]),
			"outcome": OUTCOMES[cint(became)],
			"due": _shown(due),
			"ended": _shown(ended),
			"late": (now if ended is None else int(ended)) - int(due)
			if cint(became) == OUTCOMES.index(MISSED)
			else None,
		}
		for name, subject, of, phase_, became, due, ended in frappe.db.sql(sql, values * len(parts))
	]


def _shown(seconds: Any) -> datetime | None:
	return None if seconds is None else clock.to_site(datetime(1970, 1, 1) + timedelta(seconds=int(seconds)))


def _rows(asked: AskedDeadlines) -> tuple[str, tuple[Any, ...]]:
	"""SQL of the tickets that count, each with what is asked of every clock, and its values: `month`, None where the deadline isn't of
	the period; `due`, `ended` and `held`, seconds of Unix time.
	"""
	src = asked.source
	assert src
	table = f"`tab{src.doctype}`"
	closed, closed_values = closed_sql(src, table)
	walls, days = local_time.walls(*_period(asked)), _days(asked)
	columns, values, any_of = [f"{closed} as `closed`"], [*closed_values], []
	for place, of in enumerate(asked.clocks):
		at = deadlines.of_clock(src, of, table)
		assert at
		inside = " and ".join(f"{at.due} {than} %s" for than, _day in days)
		ended = local_time.unix(at.done, walls)
		values += [day for _than, day in days]
		if of is Clock.RESOLUTION:
			# An open one may say when it was resolved before.
			ended = f"case when {at.done} is not null then case when {closed} then {ended} end end"
			values += closed_values
		columns += [
			f"case when {inside} then {_month(at.due)} end as `month{place}`",
			f"{ended} as `ended{place}`",
			f"{local_time.unix(at.due_at, walls)} as `due{place}`",
			f"{local_time.unix(at.held, walls)} as `held{place}`",
		]
		any_of.append(f"({inside})")
	conditions = [deadlines.counted(src, table), f"({' or '.join(any_of)})"]
	values += [day for _of in asked.clocks for _than, day in days]
	if asked.plan:
		taken, of_plan = deadlines.taken_by(src, asked.plan.takes, table)
		conditions += [taken] if taken else []
		values += of_plan
	conditions += [asked.readable] if asked.readable else []
	conditions.append("1 = %s")  # with no value at all, Frappe would leave "%%" in a statement
	subject = f"{table}.`{src.subject}`" if src.subject in src.fields else "''"
	return (
		f"select {table}.`name`, {subject} as subject, {', '.join(columns)} from {table} where {' and '.join(conditions)}",
		(*values, 1),
	)


def _days(asked: AskedDeadlines) -> list[tuple[str, str]]:
	first = (">=", str(asked.first or EARLIEST))
	return [first, ("<", str(add_days(asked.last, 1)))] if asked.last else [first]


def _period(asked: AskedDeadlines) -> tuple[datetime, datetime]:
	"""In which clock changes have to be known (UTC): what lies outside of it by more than a day is before, or after, all of it."""
	now = clock.now()
	begins = now - _YEARS
	if asked.first:
		begins = max(begins, get_datetime(asked.first))
	ends = get_datetime(asked.last) if asked.last else now + timedelta(days=366)
	return begins - _SPARE, max(ends, begins) + _SPARE


def _month(column: str) -> str:
	if frappe.db.db_type == "mariadb":
		return f"extract(year_month from {column})"
	return f"strftime('%%Y%%m', {column})"


def _code(asked: AskedDeadlines, of: Clock) -> str:
	"""SQL: a month, a phase and an outcome as one number; None where the deadline isn't of the period."""
	place = list(asked.clocks).index(of)
	return f"`month{place}` * 100 + {_phase(asked.clocks[of], place)} * 10 + {_outcome(place)}"


def _phase(times: tuple[Since, ...], place: int) -> str:
	first, *later = times
	cases = "".join(
		f" when `due{place}` >= {int(clock.unix(since.at))} then {PHASES.index(since.phase)}"
		for since in later[::-1]
	)
	return f"case{cases} else {PHASES.index(first.phase)} end" if later else str(PHASES.index(first.phase))


def _outcome(place: int) -> str:
	_met, missed, still, unknown = range(len(OUTCOMES))  # done after it is due: 0 or 1, as met and missed are
	now = int(clock.unix(clock.now()))
	return (
		f"coalesce(`ended{place}` > `due{place}`, case when `closed` then {unknown}"
		f" when `due{place}` >= {now} or `held{place}` <= `due{place}` then {still} else {missed} end)"
	)
