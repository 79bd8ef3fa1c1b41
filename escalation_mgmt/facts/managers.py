"""Who is somebody's manager: as their Employee record says it, where ERPNext or Frappe HR has one; else their team's lead."""

from collections.abc import Sequence

import frappe

from escalation_mgmt.facts import sources
from escalation_mgmt.utils.rows import placeholders

EMPLOYEE = "Employee"
_NEEDED = ("user_id", "reports_to", "status")


def of(users: Sequence[str], team: str) -> list[str]:
	"""The managers of these users. Of whom no Employee record says it, and where there is nobody, it is the lead of the team,
	whom the team's own document names (`sources.team_lead`); nobody is their own. []: nobody says it.
	"""
	known = _by_employee(users)
	lead = sources.team_lead(team) if team else ""
	found = [known.get(user) or (lead if lead != user else "") for user in users] or [lead]
	return list(dict.fromkeys(filter(None, found)))


def _by_employee(users: Sequence[str]) -> dict[str, str]:
	"""{user: the user to whom they report}, of those who work there still."""
	if not users or not _has_employees():
		return {}
	found = frappe.db.sql(
		f"select e.`user_id`, m.`user_id` from `tab{EMPLOYEE}` e join `tab{EMPLOYEE}` m on m.`name` = e.`reports_to`"
		" where e.`status` = 'Active' and m.`status` = 'Active' and coalesce(m.`user_id`, '') not in ('', e.`user_id`)"
		f" and e.`user_id` in ({placeholders(users)}) order by e.`name`",
		tuple(users),
	)
	return dict(found)


def _has_employees() -> bool:
	if not frappe.db.exists("DocType", EMPLOYEE):
		return False
	meta = frappe.get_meta(EMPLOYEE)
	return all(meta.has_field(field) for field in _NEEDED)
