"""What a scenario expects: messages, each asked for; and what the app has made of it all."""

from datetime import datetime
from typing import Any

import frappe
from frappe.desk import query_report

from escalation_mgmt.dispatch import due
from escalation_mgmt.storage import history, message_secrets
from escalation_mgmt.utils.doctypes import ITEM
from host.providers import Call
from tests.world import deprecations
from tests.world.clean_site import CleanSite


class Expecting(CleanSite):
	# --- messages

	def expect_email(self, to: str, contains: str | None = None) -> Any:
		return self.inbox.expect(method="Email", to=to, contains=contains)

	def expect_page(self, contains: str | None = None) -> Any:
		return self.inbox.expect(method="HTTP POST", contains=contains, verified=True)

	def expect_sms(self, number: str, contains: str | None = None) -> Any:
		return self.inbox.expect(method="SMS", to=number, contains=contains)

	def expect_call(self, number: str) -> Call:
		"""The phone that rings: `.answer()`, `.press("1")`, `.silence()`, `.machine()`, `.busy()`; `.text` is what was said."""
		frappe.db.commit()
		sid = self.inbox.expect(method="Phone Call", to=number).id
		return self.providers.twilio.of(sid).call(sid)

	def expect_push(self, user: str, contains: str | None = None) -> Any:
		return self.inbox.expect(method="iPhone Notification", to=user, contains=contains)

	def expect_error(self, part: str) -> None:
		"""Take an Error Log that was to be expected."""
		for row in frappe.get_all("Error Log", fields=["name", "method", "error"], order_by="creation"):
			if part in f"{row.method} {row.error}":
				frappe.db.delete("Error Log", {"name": row.name})
				frappe.db.commit()
				return
		raise AssertionError(f"no Error Log says {part!r}")

	def assert_nothing_unexpected(self) -> None:
		"""Every message that was received was asked for, nothing that was to go wrong didn't, and no way of Frappe's was gone
		that it is about to close."""
		self.inbox.assert_empty()
		assert not self.providers.faults.unused()
		log = frappe.get_all("Error Log", fields=["method", "error"], order_by="creation")
		assert not log, "\n\n".join(f"{row.method}\n{row.error}" for row in log)
		assert not (old := deprecations.taken()), "\n".join(old)
		# Taken away, so that it is heard of once, and those that come later aren't deaf.
		assert not vars(frappe.local.db).pop("sql", None), "listen to the database by tests.world.statements"

	# --- what is there

	def item(self, doc: Any, number: int = -1) -> Any:
		"""The ticket's action item; of several, the newest."""
		frappe.db.commit()
		names = frappe.get_all(
			ITEM,
			filters={"reference_doctype": doc.doctype, "reference_name": str(doc.name)},
			pluck="name",
			order_by="name asc",
		)
		assert names, "the ticket has no action item"
		return frappe.get_doc(ITEM, names[number])

	def count_items(self) -> int:
		frappe.db.commit()
		return frappe.db.count(ITEM)

	def kinds(self, item: Any) -> list[str]:
		frappe.db.commit()
		return [event["kind"] for event in history.of_item(item.name)]

	def lines(self, item: Any) -> str:
		frappe.db.commit()
		return "\n".join(event["line"] for event in history.of_item(item.name))

	def messages(self, item: Any, **filters: Any) -> list[Any]:
		"""The messages of an action item, secrets and all, oldest first."""
		frappe.db.commit()
		found = frappe.get_all(
			"Escalation Notification",
			filters={"action_item": item.name, **filters},
			fields=["*"],
			order_by="name asc",
		)
		columns = ("address", "reply_code", "token_hash", "earlier_token_hash", "token_expires_utc")
		secrets = message_secrets.read([row.name for row in found], columns)
		for row in found:
			row.update(zip(columns, secrets[row.name], strict=True))
		return found

	def report(self, **filters: Any) -> list[dict]:
		frappe.db.commit()
		return query_report.run("Escalation History", filters=filters)["result"]

	def next_due(self) -> datetime | None:
		"""When the next item or message is due, or was."""
		frappe.db.commit()
		return due.look(datetime(1, 1, 1)).next
