"""What became of pages, by method and provider, and whom they wake."""

from collections.abc import Mapping
from typing import Any

import frappe

from escalation_mgmt.facts import people
from escalation_mgmt.notifiers.twilio.phone_call import METHOD as PHONE_CALL
from escalation_mgmt.storage.message_state import REACHED, MessageState, Purpose
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import CONTACT, ITEM, NOTIFICATION
from escalation_mgmt.views.figures.asked import Asked, joined_in_this_order
from escalation_mgmt.views.figures.local_time import local, moved, part, seconds_between
from escalation_mgmt.views.figures.outcomes import MESSAGES, NOT_HANDED, OF_STATE
from escalation_mgmt.views.figures.pages import SENT_TO_SOMEBODY
from escalation_mgmt.views.figures.times import Times

_ALL = (
	10**15
)  # rows: with a limit MariaDB makes a table of what is asked for, and sorts that in place of the messages' rows

NIGHT_BEGINS, NIGHT_ENDS = 22, 6  # o'clock, of the person's own clock


def by_method(asked: Asked) -> list[dict[str, Any]]:
	"""A row for each `method` and `provider`: `pages`, what became of them (MESSAGES), `failing` (percent; None where none was
	handed over), `led`: after so many of them whoever they went to acknowledged, before they had another; and `median`, the
	seconds from such a page to the acknowledgement.
	"""
	found: dict[tuple[str, str], dict[str, Any]] = {}
	sql = (
		f"select page.`method`, coalesce(page.`provider`, ''), page.`status`, count(*) from {of_items(asked)}"
		" group by page.`method`, coalesce(page.`provider`, ''), page.`status`"
	)
	for method, provider, status, count in frappe.db.sql(sql, (*asked.values, Purpose.PAGE)):
		row = found.setdefault((method, provider), {"pages": 0, **dict.fromkeys(MESSAGES, 0)})
		row["pages"] += count
		row[OF_STATE[MessageState(status)]] += count
	times = _led(asked)
	for key, row in found.items():
		over = row["pages"] - sum(row[name] for name in NOT_HANDED)
		row["failing"] = 100 * row["failed"] / over if over else None
		led = times.get(key, Times())
		row.update(method=key[0], provider=key[1], led=led.total(), median=led.median())
	return [found[key] for key in sorted(found)]


def by_person(asked: Asked) -> list[dict[str, Any]]:
	"""A row for each user who had a page: `user`, `name` (`people.full_names`), `escalations`, `pages`, `calls`, `at_night` (of the pages), `nights` (in which
	there was one), `acknowledged` (escalations, theirs as it stands) and `share` of their escalations in percent. Who had most
	comes first. A night lasts from 22:00 to 06:00 of their own clock.
	"""
	at = _their_time(asked)
	hour = part("hour", at)
	night = f"({hour} >= '{NIGHT_BEGINS:02}' or {hour} < '{NIGHT_ENDS:02}')"
	evening = part("day", moved(at, str(-NIGHT_ENDS * 3600)))  # the day on which a night began
	each = (
		f"select page.`user`, page.`recipient`, page.`action_item`, page.`method` = '{PHONE_CALL}' as is_call, {night} as at_night,"
		f" case when {night} then {evening} end as evening,"
		" case when item.`acknowledged_user` = page.`user` then page.`action_item` end as taken"
		f" from {of_items(asked)} and {SENT_TO_SOMEBODY} limit {_ALL}"
	)
	sql = (
		"select `user`, max(`recipient`), count(distinct `action_item`), count(*), sum(is_call), sum(at_night),"
		f" count(distinct evening), count(distinct taken) from ({each}) message group by `user`"
	)
	names = ("user", "name", "escalations", "pages", "calls", "at_night", "nights", "acknowledged")
	found = [
		dict(zip(names, (user, name, *map(int, counts)), strict=True))
		for user, name, *counts in frappe.db.sql(sql, (*asked.values, Purpose.PAGE, *REACHED))
	]
	called = people.full_names([row["user"] for row in found])
	for row in found:
		row["name"] = called.get(row["user"], row["name"])
		row["share"] = 100 * row["acknowledged"] / row["escalations"]
	return sorted(found, key=lambda row: (-row["pages"], row["user"]))


def of_items(asked: Asked) -> str:
	"""The pages of the items, and of the person, that are asked for, as `page` of `item`; the values are the items' and the purpose."""
	return (
		f"`tab{NOTIFICATION}` page {joined_in_this_order()} (select `name`, `acknowledged_user`, `acknowledged_utc`"
		f" from `tab{ITEM}` where {asked.condition}) item on item.`name` = page.`action_item`"
		f" where page.`purpose` = %s and {asked.since('page.`created_utc`')} and {asked.of_person()}"
	)


def _led(asked: Asked) -> Mapping[tuple[str, str], Times]:
	"""Of each method and provider the seconds from a page to the acknowledgement of whom it went to, where it was their last one."""
	taken = seconds_between("page.`sent_utc`", "item.`acknowledged_utc`")
	sql = (
		"select `method`, `provider`, taken, count(*) from (select page.`method`, coalesce(page.`provider`, '') as `provider`,"
		f" {taken} as taken, row_number() over (partition by item.`name` order by page.`sent_utc` desc, page.`name` desc)"
		f" as place from {of_items(asked)} and page.`user` = item.`acknowledged_user`"
		" and page.`sent_utc` <= item.`acknowledged_utc`) led where place = 1 group by `method`, `provider`, taken"
	)
	found: dict[tuple[str, str], Times] = {}
	for method, provider, seconds, count in frappe.db.sql(sql, (*asked.values, Purpose.PAGE)):
		found.setdefault((method, provider), Times())[max(int(seconds), 0)] += count
	return found


def _their_time(asked: Asked) -> str:
	"""SQL of when a page was sent, as the clock of whom it went to showed it: in the zone of their contact, else of their account,
	else the site's.
	"""
	period = asked.period(until_now=True)
	at = local("page.`sent_utc`", *period)
	for zone, users in _zones().items():
		of = ", ".join(frappe.db.escape(user) for user in users).replace("%", "%%")
		at = f"case when page.`user` in ({of}) then {local('page.`sent_utc`', *period, zone)} else {at} end"
	return at


def _zones() -> dict[str, list[str]]:
	"""The users of each zone other than the site's."""
	sql = (
		"select u.`name`, coalesce(nullif(c.`time_zone`, ''), u.`time_zone`) as zone from `tabUser` u"
		f" left join `tab{CONTACT}` c on c.`user` = u.`name`"
		" where coalesce(nullif(c.`time_zone`, ''), u.`time_zone`, '') not in ('', %s) order by u.`name`"
	)
	found: dict[str, list[str]] = {}
	for user, zone in frappe.db.sql(sql, (clock.zone(),)):
		if clock.is_zone(zone):
			found.setdefault(zone, []).append(user)
	return found
