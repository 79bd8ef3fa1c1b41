"""What would go wrong, as a manager finds it: what reaches nobody first, and each cause with its remedy."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.desk import Desk, plan_for
from tests.browser.seen import at_every_width, expect_seen

NOBODY, THIN = "Pages an empty team", "Pages by SMS as well"


def test_what_reaches_nobody_stands_above_what_is_thinner(desk: Desk, tmp_path: Path) -> None:
	email = {"method": "Email", "whom": "User", "user": "lead@x.test"}
	team = {"method": "Email", "whom": "Role", "role": "Website Manager"}
	with desk.window() as admin:
		admin.log_in("admin@x.test")
		for title, steps in ((NOBODY, [team]), (THIN, [email, {**email, "method": "SMS"}])):
			admin.server("frappe.client.insert", doc=plan_for(f"None {title}", title, *steps))
		try:
			admin.open_workspace()
			box = admin.page.locator(".readiness")
			for shown in at_every_width(admin):
				expect(box).to_contain_text("Thinner than planned:")
				worst, other = box.locator("ul").all()
				expect(worst).to_contain_text(f"Plan {NOBODY}: It can reach nobody.")
				expect(other).not_to_contain_text("reach nobody")
				expect_seen(box)
				admin.page.screenshot(path=tmp_path / f"workspace {shown}.png")
			expect(box).to_have_class(re.compile(r"\bred\b"))
			for title, colour, says in (
				(NOBODY, "red", "It can reach nobody."),
				(THIN, "orange", "SMS isn't set up"),
			):
				admin.go(f"/app/escalation-plan/{title}")
				intro = admin.page.locator(f".form-message.{colour}:visible")
				expect(intro).to_contain_text(says)
				expect_seen(intro)
				admin.page.screenshot(path=tmp_path / f"plan {colour}.png")
		finally:
			for title in (NOBODY, THIN):
				admin.server("frappe.client.delete", doctype="Escalation Plan", name=title)
