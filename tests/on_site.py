"""The site that tests run on: made once, kept as long as what it was made of stays the same."""

import os
import subprocess
import sys
from pathlib import Path

BENCH_SITE = os.environ.get("ESCALATION_TEST_SITE", "")  # of a bench; empty: the embedded host's sites
# Several people (or branches) on one machine, each with sites of their own.
PREFIX = os.environ.get("ESCALATION_TEST_SITE_PREFIX", "")
# "develop": what the version after 1.28 changes of Helpdesk, on sites of its own.
HELPDESK = os.environ.get("ESCALATION_TEST_HELPDESK", "")
if HELPDESK:
	PREFIX += f"{HELPDESK}-"
APPS = ("helpdesk", "erpnext_stand_in", "escalation_mgmt")
PASSWORD = "Escalation-1"

# The role that reads and logs tickets of one's own; before Helpdesk 1.28 everybody might.
CUSTOMERS = "HD Customer"
PEOPLE = {
	"tech@x.test": ("Tina Tech", "Escalation Responder", "Agent"),
	"lead@x.test": ("Leo Lead", "Escalation Responder", "Agent"),
	"second@x.test": ("Sam Second", "Escalation Responder", "Agent"),
	"manager@x.test": ("Mona Manager", "Escalation Manager", CUSTOMERS),
	"owner@x.test": ("Otto Owner", "Escalation Manager", CUSTOMERS),
	"stranger@x.test": ("Stan Stranger", "Escalation Responder"),
	"admin@x.test": ("Ada Admin", "Escalation Manager", "System Manager"),
}
"""Who is there: user, full name, roles.

Managers are no agents: of tickets they may read their own.
"""


def stand_in_sites() -> None:
	"""On a bench every process of Frappe's stands in the folder of its sites: it writes to `../logs`, from the first import on."""
	if BENCH_SITE:
		os.chdir(os.environ["SITES_PATH"])


def enter_host(db: str) -> str:
	"""Connect to the host's site for a database, made anew where the apps have changed since."""
	from host import fingerprint, sites

	worker = os.environ.get("PYTEST_XDIST_WORKER", "")  # two of them may have tests on the same database
	name = f"{PREFIX}test-{db}{worker}.localhost"
	if _made_of(name) != fingerprint.of_site():
		sites.copy_site(base_site(db), name)
	sites.enter(name)
	sites.connect(name)
	return name


def base_site(db: str) -> str:
	"""The host's site that all others for a database are copies of: installing the apps takes as long as many a test."""
	from host import fingerprint, paths, setup, sites

	name = f"{PREFIX}base-{db}.localhost"
	with setup.lock(name):
		if _made_of(name) != (made_of := fingerprint.of_site()):
			sites.new_site(name, db, APPS, force=True)
			(paths.SITES / name / "made_of").write_text(made_of)
	return name


def _made_of(name: str) -> str:
	from host import paths

	stamp = paths.SITES / name / "made_of"
	return stamp.read_text() if stamp.exists() else ""


def enter_bench() -> str:
	"""Connect to the site of a bench that the environment names."""
	import frappe

	frappe.init(BENCH_SITE, sites_path=os.environ["SITES_PATH"])
	frappe.connect()
	# Paused for the bench's own scheduler (tests/bench); the app is to find it as on any site.
	frappe.conf.pause_scheduler = 0
	frappe.db.set_single_value("System Settings", "enable_scheduler", 1)
	return BENCH_SITE


def leave() -> None:
	import frappe

	frappe.destroy()


def prepare() -> None:
	"""People, and the ways to reach the local providers."""
	import frappe

	from tests.world import deprecations

	deprecations.watch()
	frappe.set_user("Administrator")
	frappe.flags.in_test = True
	frappe.in_test = True
	if BENCH_SITE:
		_without_people_of_the_last_run()
	for email, (name, *roles) in PEOPLE.items():
		add_person(email, name, *roles)
	if HELPDESK:
		from tests.world import helpdesk_versions

		helpdesk_versions.VERSIONS[HELPDESK]()
	if frappe.db.exists("DocType", "HD Team"):
		for team in ("Network", "Web"):
			add_team(team)
	frappe.db.commit()


def _without_people_of_the_last_run() -> None:
	"""Whom single tests have added: a bench's site is used again, where the embedded host copies another."""
	import frappe

	for pattern in ("%@x.test", "deleted-user-%"):
		for user in frappe.get_all(
			"User", filters={"name": ("like", pattern)}, pluck="name", order_by="name"
		):
			if user not in PEOPLE:
				frappe.delete_doc("User", user, ignore_permissions=True, force=True)


def add_team(name: str, users: tuple[str, ...] = ("second@x.test",), *, assigns: bool = False) -> None:
	"""A team of Helpdesk's, which wants a member since 1.26; where all have left, `users` is empty.

	`assigns`: its Assignment Rule gives each of its tickets to a member, as Helpdesk does unless somebody takes the rule off.
	"""
	import frappe

	if frappe.db.exists("HD Team", name):
		return
	team = frappe.new_doc("HD Team")
	team.update({"team_name": name, "users": [{"user": user} for user in users]})
	team.flags.ignore_mandatory = not users
	team.insert(ignore_permissions=True, set_name=name)
	if not assigns:
		without_rule(name)


def without_rule(team: str) -> None:
	"""Its tickets are given to nobody by themselves."""
	import frappe

	if name := frappe.db.get_value("HD Team", team, "assignment_rule"):
		rule = frappe.get_doc("Assignment Rule", name)
		rule.disabled = 1
		rule.save(ignore_permissions=True)


def add_crowd(count: int) -> dict[str, str]:
	"""That many users more who can log in, each with a number: {user: number}. Not by `insert`: Frappe lets only so many be made in
	an hour.
	"""
	import frappe

	from escalation_mgmt.utils import rows

	numbers = {f"crowd{number}@x.test": f"+49151223450{number:02}" for number in range(count)}
	known = set(
		frappe.get_all("User", filters={"name": ("in", list(numbers))}, pluck="name", order_by="name")
	)
	if made := [user for user in numbers if user not in known]:
		rows.insert_all(
			"User",
			[
				{
					"name": user,
					"email": user,
					"first_name": user,
					"full_name": user,
					"enabled": 1,
					"user_type": "System User",
				}
				for user in made
			],
		)
	frappe.db.commit()
	return numbers


def add_person(email: str, name: str, *roles: str) -> None:
	import frappe
	from frappe.utils.password import update_password

	if not frappe.db.exists("User", email):
		first, _space, last = name.partition(" ")
		user = frappe.new_doc("User")
		user.update({"email": email, "first_name": first, "last_name": last, "send_welcome_email": 0})
		user.flags.no_welcome_mail = True
		user.insert(ignore_permissions=True)
		update_password(email, PASSWORD)
	roles = tuple(role for role in roles if frappe.db.exists("Role", role))
	if {*roles} - {*frappe.get_roles(email)}:  # whoever was there from an earlier test has lost them
		frappe.get_doc("User", email).add_roles(*roles)
	# Frappe's own word of each assignment, in Desk and by email, takes longer to make than many a scenario.
	frappe.db.set_value("Notification Settings", email, {"enabled": 0, "enable_email_assignment": 0})
	if (
		"Agent" in roles
		and frappe.db.exists("DocType", "HD Agent")
		and not frappe.db.exists("HD Agent", email)
	):
		agent = frappe.new_doc("HD Agent")
		agent.update({"user": email, "agent_name": name, "is_active": 1})
		agent.insert(ignore_permissions=True)


def module(name: str, *arguments: str) -> dict[str, object]:
	"""For `subprocess`: run a module of the repository, standing where processes of the site stand."""
	root = Path(__file__).resolve().parent.parent
	return {
		"args": [sys.executable, "-m", name, *arguments],
		"cwd": os.environ["SITES_PATH"] if BENCH_SITE else root,
		"env": {**os.environ, "PYTHONPATH": str(root)},
	}


def command(site: str, *arguments: str) -> subprocess.CompletedProcess:
	"""Run a command of the bench for the site, in a process of its own: `bench --site SITE ...`."""
	root = Path(__file__).resolve().parent.parent
	# What bench itself starts for it.
	frappe = "frappe.utils.bench_helper" if BENCH_SITE else "host"
	return subprocess.run(
		[sys.executable, "-m", frappe, "frappe", "--site", site, *arguments],
		cwd=os.environ["SITES_PATH"] if BENCH_SITE else root,
		stdin=subprocess.DEVNULL,
		capture_output=True,
		text=True,
		timeout=600,
	)
