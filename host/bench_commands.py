"""What `bench --site NAME ...` knows: a few of Frappe's commands, and each app's own `commands.py`."""

from __future__ import annotations

import functools
import importlib
import json
import traceback

import click
import frappe
from frappe.commands import pass_context

from host import sites


class Context(frappe._dict):
	"""What Frappe's commands get: the sites they were called for."""


def connected(function):
	"""For each site of the context, with it connected."""

	@functools.wraps(function)
	def called(context, *args, **kwargs):
		for site in context.sites:
			try:
				sites.connect(site)
				function(site, *args, **kwargs)
			finally:
				frappe.destroy()

	return pass_context(called)


@click.command("migrate")
@click.option("--skip-failing", is_flag=True)
@click.option("--skip-search-index", is_flag=True, default=True)
@connected
def migrate(site, skip_failing=False, skip_search_index=True):
	"""Patches, schema, fixtures, jobs."""
	from frappe.migrate import SiteMigration

	SiteMigration(skip_failing=skip_failing, skip_search_index=skip_search_index).run(site=site)


@click.command("install-app")
@click.argument("apps", nargs=-1)
@click.option("--force", is_flag=True)
@connected
def install_app(site, apps, force=False):
	from frappe.installer import install_app as install

	for app in apps:
		install(app, force=force)
	frappe.db.commit()


@click.command("uninstall-app")
@click.argument("app")
@click.option("--yes", "-y", is_flag=True)
@click.option("--no-backup", is_flag=True)
@click.option("--dry-run", is_flag=True)
@click.option("--force", is_flag=True)
@connected
def uninstall_app(site, app, yes, no_backup, dry_run, force):
	from frappe.installer import remove_app

	remove_app(app, dry_run=dry_run, yes=yes, no_backup=no_backup, force=force)


@click.command("list-apps")
@connected
def list_apps(site):
	print("\n".join(frappe.get_installed_apps()))


@click.command("execute")
@click.argument("method")
@click.option("--args")
@click.option("--kwargs")
@connected
def execute(site, method, args=None, kwargs=None):
	"""Call a function by its dotted name, commit, print what it returns."""
	args = frappe.safe_eval(args) if args else ()
	kwargs = frappe.safe_eval(kwargs) if kwargs else {}
	try:
		function = frappe.get_attr(method)
	except (ImportError, AttributeError):
		# not a function of a module: `frappe.db.get_value`, say
		function = eval(method, {"frappe": frappe})
	result = function(*(args if isinstance(args, list | tuple) else [args]), **kwargs)
	frappe.db.commit()
	if result is not None:
		print(frappe.as_json(result))


@click.command("console")
@connected
def console(site):
	import IPython

	IPython.start_ipython(argv=[], user_ns={"frappe": frappe})


@click.command("clear-cache")
@connected
def clear_cache(site):
	frappe.clear_cache()


@click.command("set-admin-password")
@click.argument("password")
@connected
def set_admin_password(site, password):
	from frappe.utils.password import update_password

	update_password("Administrator", password)
	frappe.db.commit()


@click.command("set-config")
@click.argument("key")
@click.argument("value")
@click.option("--parse", "-p", is_flag=True)
@connected
def set_config(site, key, value, parse):
	from frappe.installer import update_site_config

	update_site_config(key, json.loads(value) if parse else value)


@click.command("enable-scheduler")
@connected
def enable_scheduler(site):
	from frappe.utils.scheduler import enable_scheduler as enable

	enable()
	frappe.db.commit()


@click.command("disable-scheduler")
@connected
def disable_scheduler(site):
	from frappe.utils.scheduler import disable_scheduler as disable

	disable()
	frappe.db.commit()


@click.command("trigger-scheduler-event")
@click.argument("event")
@connected
def trigger_scheduler_event(site, event):
	"""Run at once what hooks.py lists for `all`, `hourly`, ... or one method by name."""
	filters = {"method": event} if "." in event else {"frequency": event.replace("_", " ").title()}
	for name in frappe.get_all("Scheduled Job Type", filters, pluck="name", order_by="name"):
		frappe.get_doc("Scheduled Job Type", name).execute()


@click.command("export-fixtures")
@click.option("--app")
@connected
def export_fixtures(site, app=None):
	from frappe.utils.fixtures import export_fixtures as export

	export(app)


OWN = [value for value in list(globals().values()) if isinstance(value, click.Command)]


def all_commands() -> list[click.Command]:
	found = list(OWN)
	for app in frappe.get_all_apps():
		if app == "frappe":
			continue
		try:
			module = importlib.import_module(f"{app}.commands")
		except ModuleNotFoundError as error:
			if error.name != f"{app}.commands":
				traceback.print_exc()
			continue
		except Exception:
			# An app that can't be read must not keep the others' commands away.
			traceback.print_exc()
			continue
		found.extend(getattr(module, "commands", []))
	return found


def main(site: str | None, arguments: list[str]) -> None:
	@click.group()
	def group():
		"""Frappe's commands on this bench."""

	with frappe.init_site(""):
		for command in all_commands():
			group.add_command(command)
	context = Context(sites=[site] if site else [], force=False, verbose=False, profile=False)
	group(arguments, obj=context, prog_name="python3 -m host frappe")
