from frappe.model.document import Document


class EscalationCallback(Document):
	"""What a provider called us for was done once: `storage.callbacks` alone writes and reads these rows."""

	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		taken_utc: DF.Datetime | None
	# end: auto-generated types
