"""What the two databases promise to an app."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from datetime import datetime, timedelta

import pytest

from host import paths


def todo(text: str = "x"):
	import frappe

	return frappe.get_doc({"doctype": "ToDo", "description": text}).insert()


def test_rollback_undoes_an_insert(db):
	name = todo().name
	assert db.exists("ToDo", name)
	db.rollback()
	assert not db.exists("ToDo", name)


def test_savepoint_undoes_only_what_came_after_it(db):
	before = todo("before").name
	db.savepoint("here")
	after = todo("after").name
	db.rollback(save_point="here")
	assert db.exists("ToDo", before)
	assert not db.exists("ToDo", after)


def test_commit_runs_what_waits_for_it(db):
	seen = []
	db.after_commit.add(lambda: seen.append("committed"))
	todo()
	assert not seen
	db.commit()
	assert seen == ["committed"]


def test_an_instant_keeps_its_microseconds(db):
	import frappe

	doc = todo()
	for instant in (datetime(2026, 1, 2, 3, 4, 5, 678901), datetime(2026, 1, 2, 3, 4, 5)):
		db.set_value("ToDo", doc.name, "creation", instant)
		assert db.get_value("ToDo", doc.name, "creation") == instant
		# whichever way the instant is written, it is the same one
		for written in (instant, str(instant), instant.strftime("%Y-%m-%d %H:%M:%S.%f")):
			assert frappe.get_all("ToDo", {"name": doc.name, "creation": written}, pluck="name") == [doc.name]
		assert not frappe.get_all("ToDo", {"name": doc.name, "creation": ["<", instant]}, pluck="name")


def test_a_time_of_day_is_a_timedelta(db):
	rows = db.sql("select start_time from `tabHD Service Day` where workday = %s limit 1", "Monday")
	assert rows[0][0] == timedelta(hours=10)


@pytest.mark.parametrize(
	"values", [{"a": "it's", "b": ["50% off", "nobody"]}, ("it's", ["50% off", "nobody"])]
)
def test_parameters_are_bound(db, values):
	first = todo("it's").name
	second = todo("50% off").name
	where = ("%(a)s", "%(b)s") if isinstance(values, dict) else ("%s", "%s")
	found = db.sql(
		f"select name from tabToDo where description = {where[0]} or (description in {where[1]} and 'a%%' like '%%')",
		values,
		pluck=True,
	)
	assert set(found) == {first, second}


def test_bulk_insert_leaves_duplicates_out(db):
	rows = [("Low", "2026-01-01 00:00:00.000000", 1), ("Fresh", "2026-01-01 00:00:00.000000", 7)]
	db.bulk_insert("HD Ticket Priority", ["name", "creation", "integer_value"], rows, ignore_duplicates=True)
	assert db.get_value("HD Ticket Priority", "Low", "integer_value") == 400
	assert db.get_value("HD Ticket Priority", "Fresh", "integer_value") == 7


def test_the_same_name_again_is_a_duplicate_entry(db):
	"""Even where a unique field clashes with it."""
	import frappe

	with pytest.raises(frappe.DuplicateEntryError):
		frappe.get_doc(
			{"doctype": "HD Team", "team_name": "Billing", "users": [{"user": "Administrator"}]}
		).insert()


def test_locking_reads(db):
	import frappe

	doc = todo()
	assert frappe.get_doc("ToDo", doc.name, for_update=True).name == doc.name
	assert db.get_value("ToDo", doc.name, "name", for_update=True, skip_locked=True) == doc.name
	table = frappe.qb.DocType("ToDo")
	query = (
		frappe.qb.from_(table).select(table.name).where(table.name == doc.name).for_update(skip_locked=True)
	)
	assert query.run(pluck=True) == [doc.name]
	assert db.sql("select name from tabToDo where name = %s for update", doc.name, pluck=True) == [doc.name]


def test_two_processes_count_together(site, db):
	"""Each reads a number, thinks, and writes it back: no step is lost, and nobody fails with a locked database."""
	import frappe

	db.set_default("counted", "0")
	db.commit()
	frappe.destroy()
	code = textwrap.dedent(
		f"""
		import time
		from host import sites
		sites.enter({site!r}); sites.connect({site!r})
		import frappe
		for _ in range(20):
			frappe.db.get_value("User", "Guest")
			value = frappe.db.sql("select defvalue from tabDefaultValue where defkey = 'counted' for update")[0][0]
			time.sleep(0.005)
			frappe.db.sql("update tabDefaultValue set defvalue = %s where defkey = 'counted'", int(value) + 1)
			frappe.db.commit()
		"""
	)
	both = [subprocess.Popen([sys.executable, "-c", code], cwd=paths.ROOT) for _ in range(2)]
	assert [process.wait(60) for process in both] == [0, 0]
	from host import sites

	sites.connect(site)
	assert frappe.db.sql("select defvalue from tabDefaultValue where defkey = 'counted'")[0][0] == "40"


def test_a_reader_sees_what_others_committed(site, db):
	"""On SQLite no read leaves a snapshot behind; on MariaDB a new transaction ends it."""
	import frappe

	name = todo("old").name
	db.commit()
	assert db.get_value("ToDo", name, "description") == "old"
	code = f"""
from host import sites
sites.enter({site!r}); sites.connect({site!r})
import frappe
frappe.db.set_value("ToDo", {name!r}, "description", "new"); frappe.db.commit()
"""
	subprocess.run([sys.executable, "-c", code], cwd=paths.ROOT, check=True)
	db.rollback()
	assert db.get_value("ToDo", name, "description") == "new"
	started = time.monotonic()
	frappe.get_doc("ToDo", name).update({"description": "mine"}).save()
	assert time.monotonic() - started < 5


def test_a_changed_column_keeps_keys_and_indexes(db):
	"""A field gets a default and another type, as a migrate would find it."""
	import frappe

	if db.db_type != "sqlite":
		pytest.skip("MariaDB changes a column in place")
	db.add_index("HD Ticket", ["priority", "status"], "together")
	before = set(db.sql("select name from sqlite_master where tbl_name = 'tabHD Ticket'", pluck=True))
	meta = frappe.get_meta("HD Ticket", cached=False)
	meta.get_field("total_hold_time").fieldtype = "Data"
	meta.get_field("customer").default = "Nobody"
	db.updatedb("HD Ticket", meta)
	columns = {row.name: row for row in db.sql("pragma table_info(`tabHD Ticket`)", as_dict=True)}
	assert columns["name"].pk == 1
	assert columns["total_hold_time"].type == "TEXT"
	assert columns["customer"].dflt_value == "'Nobody'"
	assert columns["docstatus"].notnull == 1
	assert set(db.sql("select name from sqlite_master where tbl_name = 'tabHD Ticket'", pluck=True)) == before
	db.updatedb("HD Ticket", frappe.get_meta("HD Ticket", cached=False))
