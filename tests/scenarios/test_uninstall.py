"""`uninstall-app` by the real command, on a copy of a site: nothing of the app is left, but for what people have."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation_mgmt.storage import mark_file
from host import paths
from tests.on_site import BENCH_SITE, PREFIX, base_site, command

pytestmark = [
	pytest.mark.skipif(bool(BENCH_SITE), reason="makes sites of its own"),
	pytest.mark.one_database("mariadb"),
]
ROOT = Path(__file__).resolve().parents[2]

AS_PEOPLE_LEAVE_IT = """
from escalation_mgmt.storage import restored
from escalation_mgmt.utils import clock, installation
installation.make_live()
assert restored.may_send(clock.now())
user = frappe.new_doc("User")
user.update({"email": "rita@x.test", "first_name": "Rita", "send_welcome_email": 0})
user.insert(ignore_permissions=True)
user.add_roles("Escalation Responder")
if frappe.db.exists("DocType", "Workspace Sidebar"):
	copied = frappe.copy_doc(frappe.get_doc("Workspace Sidebar", "Escalation"))
	copied.update({"title": "Escalation-rita@x.test", "for_user": "rita@x.test"})
	copied.insert(ignore_permissions=True)
	other = frappe.new_doc("Workspace Sidebar")
	other.title = "Rita's Own"
	for to in ("Escalation Plan", "ToDo"):
		other.append("items", {"label": to, "type": "Link", "link_type": "DocType", "link_to": to})
	other.insert(ignore_permissions=True)
	within = frappe.new_doc("Desktop Icon")
	within.update({"label": "Within", "icon_type": "Link", "link_type": "Workspace Sidebar", "link_to": "Rita's Own"})
	within.parent_icon = "Escalation Management"
	within.insert(ignore_permissions=True)
frappe.db.sql("insert into `tabSeries` (`name`, `current`) values ('ESC-', 7), ('MNT-', 1)")
frappe.db.sql("update `tabDocType` set `autoname` = 'MNT-.####' where `name` = 'HD Ticket Type'")
of_list = {"doctype": "List Filter", "filter_name": "Burning", "reference_doctype": "HD Ticket"}
conditions = [["HD Ticket", "escalation_mgmt_status", "=", "Exhausted"], ["HD Ticket", "status", "=", "Open"]]
frappe.get_doc({**of_list, "filters": frappe.as_json(conditions)}).insert()
fields = [{"fieldname": "subject", "label": "Subject"}, {"fieldname": "escalation_mgmt_due", "label": "Due"}]
frappe.get_doc({"doctype": "List View Settings", "name": "HD Ticket", "fields": frappe.as_json(fields)}).insert()
chosen = {"List": {"filters": conditions, "sort_by": "escalation_mgmt_due", "sort_order": "asc"}}
frappe.db.sql(
	"insert into `__UserSettings` (`user`, `doctype`, `data`) values ('rita@x.test', 'HD Ticket', %s)",
	(frappe.as_json(chosen),),
)
view = {"doctype": "HD View", "label": "Burning", "user": "rita@x.test", "type": "list", "dt": "HD Ticket"}
columns = [{"key": "subject", "label": "Subject"}, {"key": "escalation_mgmt_status", "label": "Escalation"}]
kept = {"columns": columns, "rows": ["subject", "escalation_mgmt_status"], "filters": [["escalation_mgmt_due", "is", "set"]]}
texts = {what: frappe.as_json(value) for what, value in kept.items()}
frappe.get_doc({**view, **texts, "order_by": "escalation_mgmt_due asc"}).insert(ignore_mandatory=True, ignore_permissions=True)
from frappe.custom.doctype.property_setter.property_setter import make_property_setter
make_property_setter("HD Ticket", "escalation_mgmt_status", "width", "90px", "Data")
if frappe.db.exists("DocType", "Desktop Layout"):
	icons = [{"label": "Escalation", "name": "Escalation"}, {"label": "Rita's Own"}]
	folder = {"label": "Mine", "child_icons": icons}
	layout = frappe.new_doc("Desktop Layout")
	layout.update({"user": "rita@x.test", "layout": frappe.as_json([*icons, folder])})
	layout.insert(ignore_permissions=True)
"""


@pytest.fixture
def a_copy(site: str) -> Iterator[str]:
	from host import sites

	db = "mariadb" if "mariadb" in site else "sqlite"
	name = f"{PREFIX}test-uninstall-{db}.localhost"
	sites.copy_site(base_site(db), name)
	yield name
	sites.drop_site(name)


def left(name: str, first: Path | None = None) -> dict[str, list[str]]:
	arguments = [sys.executable, "-m", "tests.leftovers", name, *([str(first)] if first else [])]
	done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
	assert done.returncode == 0, done.stderr
	return json.loads(done.stdout.splitlines()[-1])


def test_nothing_is_left_but_what_people_have(a_copy: str, tmp_path: Path) -> None:
	made = tmp_path / "made.py"
	made.write_text(AS_PEOPLE_LEAVE_IT)
	before = left(a_copy, made)
	assert {"tabCustom Field", "tabList Filter", "__UserSettings", "tabProperty Setter"} <= {*before}
	assert before["permissions"] and len(before["columns"]) == 2, "of a text each, and one is a time"
	assert {"tabDocType", "tabRole", "tabCustom HTML Block", "tabScheduled Job Type", "tabSeries"} <= {
		*before
	}
	assert "escalation_installation_id" in config(a_copy)

	rehearsed = command(a_copy, "uninstall-app", "escalation_mgmt", "--dry-run", "--no-backup")
	assert rehearsed.returncode == 0, rehearsed.stderr
	assert left(a_copy) == before, "a dry run takes nothing"
	assert "escalation_installation_id" in config(a_copy)

	mark = paths.SITES / a_copy / mark_file.NAME
	assert mark.exists()
	done = command(a_copy, "uninstall-app", "escalation_mgmt", "--yes", "--no-backup")
	assert done.returncode == 0, done.stderr
	assert not mark.exists()
	after = left(a_copy)
	(rita,) = after.pop("tabHas Role")
	assert after.pop("tabSeries") == ["MNT-"], "somebody else counts by it"
	assert after == {"tabRole": ["Escalation Responder"]}, "somebody has it"
	assert choices(a_copy) == AS_OTHERS_CHOSE
	assert rita and "escalation_installation_id" not in config(a_copy)

	again = command(a_copy, "install-app", "escalation_mgmt")
	assert again.returncode == 0, again.stderr
	chosen = {"tabList Filter", "tabList View Settings", "tabHD View", "__UserSettings", "tabProperty Setter"}
	assert {*before} - {*left(a_copy)} <= {"tabDesktop Layout", "tabDefaultValue", *chosen}
	status = command(a_copy, "escalation", "status")
	assert "has not looked" not in status.stdout, "no tick of the installation before"


def config(name: str) -> dict[str, object]:
	from host import paths

	return json.loads((paths.SITES / name / "site_config.json").read_text())


AS_OTHERS_CHOSE = {
	"List Filter": [["HD Ticket", "status", "=", "Open"]],
	"List View Settings": [{"fieldname": "subject", "label": "Subject"}],
	"columns": [{"key": "subject", "label": "Subject"}],
	"rows": ["subject"],
	"filters": [],
	"order_by": "modified desc",
	"user": {"List": {"filters": [["HD Ticket", "status", "=", "Open"]], "sort_order": "asc"}},
}


WHAT_THEY_CHOSE = """
import json, sys
import frappe
from host import sites

sites.enter(sys.argv[1])
sites.connect(sys.argv[1])
((data,),) = frappe.db.sql("select `data` from `__UserSettings` where `doctype` = 'HD Ticket' and `user` = 'rita@x.test'")
texts = {
	"List Filter": frappe.db.get_value("List Filter", {"filter_name": "Burning"}, "filters"),
	"List View Settings": frappe.db.get_value("List View Settings", "HD Ticket", "fields"),
	"user": data,
	**frappe.db.get_value("HD View", {"label": "Burning"}, ["columns", "rows", "filters"], as_dict=True),
	"order_by": json.dumps(frappe.db.get_value("HD View", {"label": "Burning"}, "order_by")),
}
print(json.dumps({of: json.loads(text) for of, text in texts.items()}))
"""


def choices(name: str) -> dict[str, object]:
	"""What is left of what people chose for their lists of tickets."""
	arguments = [sys.executable, "-c", WHAT_THEY_CHOSE, name]
	done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
	assert done.returncode == 0, done.stderr
	return json.loads(done.stdout.splitlines()[-1])
