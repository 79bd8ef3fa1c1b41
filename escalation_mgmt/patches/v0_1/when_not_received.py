"""Plans from before there was a choice of what follows a message that isn't received: theirs is what a new plan begins with."""

import frappe

from escalation_mgmt.engine import CallRules, OnFailure


def execute() -> None:
	calls = CallRules()
	for field, choice in (("on_failure", OnFailure.ANOTHER_METHOD), ("on_machine", calls.machine)):
		frappe.db.sql(
			f"update `tabEscalation Plan` set `{field}` = %s where coalesce(`{field}`, '') = ''",
			(str(choice),),
		)
	frappe.db.sql(
		"update `tabEscalation Plan` set `call_pause` = %s where coalesce(`call_pause`, 0) = 0",
		(calls.pause.total_seconds(),),
	)
