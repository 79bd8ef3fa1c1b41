"""Overlay of `frappe/installer.py`: any app of the bench, with what it requires before it."""


def install_app(name, verbose=False, set_as_patched=True, force=False):
	from frappe.core.doctype.scheduled_job_type.scheduled_job_type import sync_jobs
	from frappe.model.module_utils import sync_customizations
	from frappe.model.sync import sync_for
	from frappe.utils.fixtures import sync_fixtures

	if name not in frappe.get_all_apps():
		raise Exception(f"App {name} not in apps.txt")

	frappe.clear_cache()
	hooks = frappe.get_hooks(app_name=name)
	hooks = frappe._dict(hooks)
	for required in hooks.required_apps or []:
		# "owner/app" names a repository, the app is its last part
		install_app(required.rstrip("/").split("/")[-1], verbose=verbose)

	if not force and name in frappe.get_installed_apps():
		click.secho(f"App {name} already installed", fg="yellow")
		return

	print(f"\nInstalling {name}...")
	frappe.flags.in_install = name
	frappe.flags.ignore_in_install = False
	frappe.clear_cache()
	if name != "frappe":
		frappe.only_for("System Manager")

	for method in hooks.before_install or []:
		if frappe.get_attr(method)() is False:
			return
	for method in frappe.get_hooks("before_app_install"):
		frappe.get_attr(method)(name)

	if name != "frappe":
		add_module_defs(name, ignore_if_duplicate=force)
	sync_for(name, force=force, reset_permissions=True)
	add_to_installed_apps(name)
	frappe.get_doc("Portal Settings", "Portal Settings").sync_menu()
	if set_as_patched:
		set_all_patches_as_completed(name)

	for method in hooks.after_install or []:
		frappe.get_attr(method)()
	for method in frappe.get_hooks("after_app_install"):
		frappe.get_attr(method)(name)

	sync_jobs()
	sync_fixtures(name)
	sync_customizations(name)
	sync_dashboards(name)
	for method in hooks.after_sync or []:
		frappe.get_attr(method)()

	frappe.clear_cache()
	frappe.client_cache.erase_persistent_caches()
	frappe.flags.in_install = False


def add_to_installed_apps(app_name, rebuild_website=True):
	installed = frappe.get_installed_apps()
	if app_name in installed:
		return
	_record_installed_apps([*installed, app_name])
	if frappe.flags.in_install:
		post_install(rebuild_website)


def remove_from_installed_apps(app_name):
	installed = frappe.get_installed_apps()
	if app_name in installed:
		_record_installed_apps([app for app in installed if app != app_name])
		if frappe.flags.in_install:
			post_install()


# new
def _record_installed_apps(apps):
	frappe.db.set_global("installed_apps", json.dumps(apps))
	frappe.db.commit()
	_clear_cache("__global")
	frappe.local.request_cache.clear()
	frappe.local.doc_events_hooks = None
	frappe.clear_cache()


def remove_app(app_name, dry_run=False, yes=False, no_backup=False, force=False):
	"""Remove an app's DocTypes, modules and linked documents from the site. (No backup: the sites here are thrown away.)"""
	hooks = frappe._dict(frappe.get_hooks(app_name=app_name))
	installed = frappe.get_installed_apps()
	if not force:
		if app_name not in installed:
			click.secho(f"App {app_name} not installed on Site {frappe.local.site}", fg="yellow")
			return
		for other in installed:
			required = frappe._dict(frappe.get_hooks(app_name=other)).required_apps or []
			if other != app_name and any(app.split("/")[-1] == app_name for app in required):
				click.secho(f"App {app_name} is a dependency of {other}. Uninstall {other} first.", fg="yellow")
				return
	if not dry_run and not yes:
		click.confirm(f"Everything of {app_name} will be deleted. Continue?", abort=True)

	frappe.flags.in_uninstall = True
	for method in hooks.before_uninstall or []:
		frappe.get_attr(method)()
	for method in frappe.get_hooks("before_app_uninstall"):
		frappe.get_attr(method)(app_name)

	modules = frappe.get_all("Module Def", filters={"app_name": app_name}, pluck="name", order_by="name")
	doctypes = _delete_modules(modules, dry_run=dry_run)
	_delete_doctypes(doctypes, dry_run=dry_run)
	if not dry_run:
		remove_from_installed_apps(app_name)
		frappe.db.commit()

	for method in hooks.after_uninstall or []:
		frappe.get_attr(method)()
	for method in frappe.get_hooks("after_app_uninstall"):
		frappe.get_attr(method)(app_name)
	frappe.clear_cache()
	frappe.client_cache.erase_persistent_caches()
	frappe.flags.in_uninstall = False


def make_conf(
	db_name=None,
	db_password=None,
	site_config=None,
	db_type=None,
	db_socket=None,
	db_host=None,
	db_port=None,
	db_user=None,
):
	site, sites_path = frappe.local.site, frappe.local.sites_path
	make_site_config(
		db_name,
		db_password,
		site_config,
		db_type=db_type,
		db_socket=db_socket,
		db_host=db_host,
		db_port=db_port,
		db_user=db_user,
	)
	frappe.destroy()
	frappe.init(site, sites_path=sites_path)
