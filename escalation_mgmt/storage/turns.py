"""Who was next in turn, written in the transaction of the decision that chose them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import frappe

from escalation_mgmt.engine import Decision
from escalation_mgmt.facts.turns import chosen_by
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import TURN


def record(decisions: Iterable[Decision], now: datetime) -> None:
	"""Remember whom these decisions chose, at an instant (UTC)."""
	chosen = sorted({each for decision in decisions for each in chosen_by(decision)})
	if not chosen:
		return
	teams = sorted({team for team, _user in chosen})
	found = frappe.db.sql(
		f"select `team`, `user`, `name` from `tab{TURN}` where `team` in ({rows.placeholders(teams)}) order by `name`",
		tuple(teams),
	)
	names = {(team, user): name for team, user, name in found}
	if known := sorted(names[each] for each in chosen if each in names):
		rows.update_all(TURN, [{"name": name, "chosen_utc": now} for name in known])
	if new := [each for each in chosen if each not in names]:
		rows.insert_all(
			TURN,
			[{"name": rows.new_name(), "team": team, "user": user, "chosen_utc": now} for team, user in new],
		)


def forget(kept: timedelta, now: datetime) -> None:
	"""Forget whom we chose longer ago than that: they count as never chosen, and so are next as before."""
	frappe.db.sql(f"delete from `tab{TURN}` where `chosen_utc` < %s", (now - kept,))


def forget_user(user: str) -> None:
	frappe.db.delete(TURN, {"user": user})
