"""A past of known truth, for what managers look at: two plans, one of which fails and wakes people.
`python -m tests.browser.past SITE` writes it and says what it is, with `remove` it takes it away.
"""

import json
import sys
from datetime import timedelta
from typing import Any

import frappe

from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION
from host import sites

WORSE, BETTER = "Gate, at Night", "Lift"
TEAM = "Keepers"  # nobody else's
SUBJECTS = (
	'Störung am Tor, "Nord"',
	'=HYPERLINK("http://evil.test","open me")',
	"a, b; c\tund d",
	"It's 5 < 6 && 7 > 6",
	"+49 151 is busy",
	"=cmd|' /C calc'!A0",
)
ESCALATIONS = 30


def make(site: str) -> list[dict[str, Any]]:
	_connect(site)
	found = _items()
	frappe.db.commit()
	frappe.destroy()
	return found


def remove(site: str) -> None:
	_connect(site)
	frappe.db.delete(NOTIFICATION, {"action_item": ("like", "ESC-PAST%")})
	frappe.db.delete(ITEM, {"name": ("like", "ESC-PAST%")})
	frappe.db.commit()
	frappe.destroy()


def _connect(site: str) -> None:
	sites.enter(site)
	sites.connect(site)
	frappe.set_user("Administrator")


def _items() -> list[dict[str, Any]]:
	"""Every other one is of the worse plan: of these one in five was acknowledged, of the others all but two. The worse one wakes
	Tina three times in a night, the other Leo once at noon.
	"""
	midnight = clock.day_begins(clock.to_site(clock.now()).date())
	items, pages, truth = [], [], []
	for n in range(ESCALATIONS):
		worse = n % 2 == 0
		opened = midnight - timedelta(days=1 + n % 28) + timedelta(hours=2 if worse else 12, minutes=n)
		seconds = 60 + n if (n % 5 == 0 if worse else n > 4) else None
		user, name = ("tech@x.test", "Tina Tech") if worse else ("lead@x.test", "Leo Lead")
		item = {
			"name": f"ESC-PAST{n:02}",
			"reference_doctype": "HD Ticket",
			"reference_name": f"9177{n}",
			"ticket_subject": SUBJECTS[n % len(SUBJECTS)],
			"clock": "First Response",
			"plan": WORSE if worse else BETTER,
			"team": TEAM,
			"status": "Acknowledged" if seconds else "Exhausted",
			"current_step": 1,
			"opened_utc": opened,
			"updated_utc": opened,
			"acknowledged_utc": opened + timedelta(seconds=seconds) if seconds else None,
			"acknowledged_user": user if seconds else None,
			"acknowledged_by": name if seconds else None,
		}
		items.append(item)
		for page in range(3 if worse else 1):
			sent = opened + timedelta(seconds=page)
			row = {
				"name": rows.new_name(),
				"action_item": item["name"],
				"method": "SMS",
				"status": "Sent",
				"purpose": "Page",
			}
			times = {"planned_utc": sent, "sent_utc": sent, "created_utc": sent}
			pages.append({**row, **times, "user": user, "recipient": name, "step": page + 1, "run": 0})
		truth.append({"item": item["name"], "plan": item["plan"], "person": name, "pages": 3 if worse else 1})
		truth[-1] |= {"seconds": seconds, "subject": item["ticket_subject"], "failed": seconds is None}
	rows.insert_all(ITEM, items)
	rows.insert_all(NOTIFICATION, pages)
	return truth


if __name__ == "__main__":
	if sys.argv[2:] == ["remove"]:
		remove(sys.argv[1])
	else:
		print(json.dumps(make(sys.argv[1])))
