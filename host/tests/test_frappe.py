"""Frappe as a bench has it: several apps, several sites, jobs, pages."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from host import paths, sites
from host.processes import Stack


def host(*arguments: str) -> str:
	result = subprocess.run(
		[sys.executable, "-m", "host", *arguments],
		cwd=paths.ROOT,
		capture_output=True,
		text=True,
		timeout=120,
	)
	assert result.returncode == 0, result.stdout + result.stderr
	return result.stdout


def test_apps_and_their_hooks(db):
	import frappe

	assert frappe.get_installed_apps() == ["frappe", "helpdesk", "erpnext_stand_in"]
	assert frappe.get_hooks("app_name", app_name="helpdesk") == ["helpdesk"]
	assert frappe.get_hooks("app_name") == ["frappe", "helpdesk", "erpnext_stand_in"]
	assert frappe.get_app_path("helpdesk").startswith(str(paths.HOST))
	assert frappe.local.module_app["helpdesk"] == "helpdesk"
	assert frappe.is_setup_complete()


def test_two_sites_in_one_process(site, db):
	import frappe

	if "sqlite" not in site:
		pytest.skip("the same code, and slower; tests/scenarios/test_restart.py copies a site on MariaDB")
	other = f"{site}-other"
	sites.copy_site(site, other)
	try:
		db.set_default("who", "first")
		db.commit()
		for name, expected in ((other, None), (site, "first"), (other, None)):
			frappe.destroy()
			sites.connect(name)
			assert frappe.local.site == name
			assert frappe.db.get_default("who") == expected
	finally:
		frappe.destroy()
		sites.drop_site(other)
		sites.connect(site)


def test_the_third_app_installs_and_migrates_twice(site, db):
	import frappe

	if "sqlite" not in site:
		pytest.skip("the same code, and slower; the scenarios' site is made and migrated on MariaDB")
	frappe.destroy()
	fresh = f"{site}-fresh"
	sites.copy_site(site, fresh)
	try:
		host("frappe", "--site", fresh, "install-app", "escalation_mgmt")
		assert host("frappe", "--site", fresh, "list-apps").split()[-1] == "escalation_mgmt"
		for _ in range(2):  # the second finds nothing left to do
			assert "after_migrate" in host("frappe", "--site", fresh, "migrate")
		sites.connect(fresh)
		assert frappe.db.exists("DocType", "Escalation Plan")
		assert frappe.db.table_exists("Escalation Action Item")
	finally:
		frappe.destroy()
		sites.drop_site(fresh)
		sites.connect(site)


def test_execute_prints_what_comes_back(site):
	out = host(
		"frappe", "--site", site, "execute", "frappe.db.get_value", "--args", "['User', 'Guest', 'name']"
	)
	assert json.loads(out) == "Guest"


def test_configuration_of_a_site_is_its_own(site, db):
	import frappe
	from frappe.installer import update_site_config

	update_site_config("some_key", "some value")
	assert json.loads((paths.SITES / site / "site_config.json").read_text())["some_key"] == "some value"
	sites.connect(site)
	assert frappe.conf.some_key == "some value"


def test_a_failure_is_logged(db):
	import frappe

	try:
		raise ZeroDivisionError
	except ZeroDivisionError:
		frappe.log_error("It failed")
	name = frappe.get_all("Error Log", {"method": "It failed"}, pluck="name", order_by="creation desc")[0]
	assert "ZeroDivisionError" in frappe.get_doc("Error Log", name).error


@pytest.fixture(scope="module")
def stack(site):
	import frappe

	frappe.destroy()
	with Stack(site, "web", "worker", "scheduler", tick=1) as stack:
		yield stack


def get(url: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
	request = urllib.request.Request(url, data=data, headers={"Accept": "application/json", **headers})
	try:
		with urllib.request.urlopen(request, timeout=30) as response:
			return response.status, response.read().decode()
	except urllib.error.HTTPError as error:
		return error.code, error.read().decode()


def eventually(check, seconds: float = 20):
	deadline = time.monotonic() + seconds
	while time.monotonic() < deadline:
		if value := check():
			return value
		time.sleep(0.1)
	raise AssertionError("it never came")


def test_pages_assets_and_files(stack, db):
	import frappe

	assert get(f"{stack.url}/api/method/ping")[1] == '{"message":"pong"}'
	assert get(f"{stack.url}/login", Accept="text/html")[0] == 200
	assets = json.loads((paths.SITES / "assets" / "assets.json").read_text())
	assert get(stack.url + assets["desk.bundle.js"])[0] == 200
	file = frappe.get_doc(
		{"doctype": "File", "file_name": "note.txt", "content": b"public", "is_private": 0}
	).insert()
	hidden = frappe.get_doc(
		{"doctype": "File", "file_name": "no.txt", "content": b"private", "is_private": 1}
	).insert()
	db.commit()
	assert get(stack.url + file.file_url) == (200, "public")
	assert get(stack.url + hidden.file_url)[0] == 403


def test_an_upload_over_http(stack, db):
	import requests

	with requests.Session() as session:
		login = session.post(
			f"{stack.url}/api/method/login", {"usr": "Administrator", "pwd": sites.ADMIN_PASSWORD}
		)
		assert login.status_code == 200
		token = session.get(f"{stack.url}/desk").text.split('csrf_token = "')[1].split('"')[0]
		answer = session.post(
			f"{stack.url}/api/method/upload_file",
			files={"file": ("up.txt", b"loaded up")},
			data={"is_private": "1"},
			headers={"X-Frappe-CSRF-Token": token},
		)
		assert answer.status_code == 200, answer.text
		assert session.get(stack.url + answer.json()["message"]["file_url"]).content == b"loaded up"


def test_rate_limits(stack):
	url = f"{stack.url}/api/method/frappe.core.doctype.user.user.reset_password"
	answers = [get(url, b"user=nobody@example.com")[0] for _ in range(8)]
	assert answers[0] != 429
	assert answers[-1] == 429


def test_a_job_runs_in_the_worker(stack, db):
	import frappe

	frappe.enqueue(
		"frappe.defaults.set_global_default",
		queue="short",
		key="job",
		value="done",
		enqueue_after_commit=True,
	)
	db.commit()

	def came():
		db.rollback()
		return db.sql("select defvalue from tabDefaultValue where defkey = 'job'")

	assert eventually(came)[0][0] == "done"


def test_the_scheduler_finds_what_is_due(stack, db):
	import frappe

	job = frappe.get_doc("Scheduled Job Type", {"method": "frappe.email.queue.flush"})
	job.db_set({"frequency": "Cron", "cron_format": "* * * * *", "last_execution": "2026-01-01 00:00:00"})
	db.commit()
	frappe.clear_cache()

	def ran():
		db.rollback()
		return str(db.get_value("Scheduled Job Type", job.name, "last_execution")) > "2026-01-02"

	assert eventually(ran)


def test_the_parts_end_with_the_process_that_started_them(site):
	"""Even when it is killed."""
	code = f"""
import os, signal
from host.processes import Stack
with Stack({site!r}, "web") as stack:
	print(stack.processes["web"].pid, flush=True)
	os.kill(os.getpid(), signal.SIGKILL)
"""
	out = subprocess.run([sys.executable, "-c", code], cwd=paths.ROOT, capture_output=True, text=True).stdout
	pid = int(out)

	def gone():
		try:
			with open(f"/proc/{pid}/stat") as stat:
				return stat.read().split()[2] == "Z"
		except FileNotFoundError:
			return True

	assert eventually(gone)
