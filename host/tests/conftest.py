"""Two sites, one a database, each a copy of one that is kept as long as the code is the same."""

from __future__ import annotations

import os
import shutil

import pytest

from host import paths, servers, setup, sites

APPS = ("helpdesk", "erpnext_stand_in", "escalation_mgmt")
DATABASES = ("sqlite", *(("mariadb",) if servers.mariadb_available() else ()))


def base_site(db: str) -> str:
	code = setup.digest(
		(paths.BENCH / "apps" / "frappe").resolve().name, paths.HOST / "apps", paths.HOST / "sites.py"
	)
	name = f"host-tests-{db}-{code}"
	if not (paths.SITES / name / "complete").exists():
		for old in paths.SITES.glob(f"host-tests-{db}-*"):
			sites.drop_site(old.name) if (old / "site_config.json").exists() else shutil.rmtree(old)
		sites.new_site(name, db, APPS[:2], force=True)
		(paths.SITES / name / "complete").touch()
	return name


@pytest.fixture(scope="session", params=DATABASES)
def site(request):
	"""The name of a site with both stand-ins, which the tests may change."""
	import frappe

	base = base_site(request.param)
	name = f"host-test-{request.param}-{os.getpid()}"
	sites.enter()
	sites.copy_site(base, name)
	yield name
	frappe.destroy()
	sites.drop_site(name)


@pytest.fixture
def db(site):
	"""Connected to it; what a test leaves uncommitted is undone."""
	import frappe

	sites.connect(site)
	yield frappe.db
	if frappe.db:
		frappe.db.rollback()
		# Frappe caches rows that were just undone.
		frappe.clear_cache()
	frappe.destroy()
