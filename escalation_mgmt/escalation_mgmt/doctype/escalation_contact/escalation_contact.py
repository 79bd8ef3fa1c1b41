import re

import frappe
from frappe import _
from frappe.model.document import Document

from escalation_mgmt.facts import people
from escalation_mgmt.notifiers.twilio import phone_numbers
from escalation_mgmt.utils.doctypes import CONTACT_CODE
from escalation_mgmt.utils.plain_text import plain

_VOICE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{1,60}")


class EscalationContact(Document):
	"""How to reach one user. What concerns single functions is in `escalation_mgmt.api.contacts`. An address that changes has to be verified anew."""

	def validate(self) -> None:
		if self.user == people.GUEST:
			frappe.throw(people.nobody_behind(self.user))
		if self.mobile_no:
			try:
				self.mobile_no = phone_numbers.normalised(self.mobile_no)
			except ValueError as e:
				frappe.throw(str(e), title=_("Mobile Number"))
		if self.voice and not _VOICE.fullmatch(self.voice):
			frappe.throw(
				_("{0} is not one of Twilio's voices, such as Polly.Vicki.").format(plain(self.voice))
			)
		before = self.get_doc_before_save()
		for address, verified in (("email", "email_verified"), ("mobile_no", "mobile_verified")):
			if (
				before
				and self.get(address) != before.get(address)
				and self.get(verified) == before.get(verified)
			):
				self.set(verified, 0)
		if self.time_zone and self.time_zone not in _zones():
			frappe.throw(_("{0} is not a time zone.").format(plain(self.time_zone)))

	def after_delete(self) -> None:
		frappe.db.delete(CONTACT_CODE, {"name": self.name})


def _zones() -> list[str]:
	from zoneinfo import available_timezones

	return sorted(available_timezones())
