"""What a customer is answered holds nothing of how their ticket escalates.

Its fields stand on a permission level that customers don't have (`operations.ticket_columns`). But where Frappe or Helpdesk
answer with a whole document after they have done something with it, and where Helpdesk's portal reads a ticket by
`select *`, nobody looks at levels.
"""

import json
from typing import Any

from escalation_mgmt.permissions import is_staff
from escalation_mgmt.storage.ticket_list import COLUMNS


def withhold(response: Any = None) -> None:
	"""Take these fields out of an answer in JSON to somebody who has no business with escalations."""
	if response is None or response.mimetype != "application/json" or response.direct_passthrough:
		return
	text = response.get_data()
	if not any(column.encode() in text for column in COLUMNS) or is_staff():
		return
	response.set_data(json.dumps(_without(json.loads(text)), separators=(",", ":")))


def _without(value: Any) -> Any:
	if isinstance(value, dict):
		return {key: _without(each) for key, each in value.items() if key not in COLUMNS}
	return [_without(each) for each in value] if isinstance(value, list) else value
