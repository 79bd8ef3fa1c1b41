"""Small changes to the wheel's text: (file, what is there, what comes instead, how often it must be there).

They are made after `monoframe` was renamed back, so the anchors speak of frappe. A function as a whole is replaced by
its namesake in `overlay/` instead.
"""

EDITS = [
	# Before anything else of Frappe uses it.
	(
		"__init__.py",
		"import functools\nimport importlib\n",
		"from frappe import _lockfree\nimport functools\nimport importlib\n",
		1,
	),
	(
		"__init__.py",
		'\tif not getattr(local, "initialised", False):\n\t\tinit()\n\n\tconf = local.conf',
		'\tif site or not getattr(local, "initialised", False):\n\t\tinit(site)\n\n\tconf = local.conf',
		1,
	),
	("config.py", "_config_cache: _dict[str, Any] | None = None", "_parsed_files: dict[str, tuple] = {}", 1),
	# --- the site of a request, a job, a thread
	("app.py", "\tfrappe.init(force=True)\n", "\tfrappe.init(_site_of(request), force=True)\n", 1),
	("app.py", '"site": "frappe",', '"site": frappe.get_site_name(),', 1),
	("app.py", "import frappe.database.mariadb.mysqlclient  # Load database related utils\n", "", 1),
	("app.py", "from dotenv import load_dotenv\nload_dotenv()\n", "", 1),
	(
		"utils/background_jobs.py",
		"\t\tfrappe.init(force=True)\n\t\tfrappe.connect()\n\t\tif os",
		"\t\tfrappe.init(site, force=True)\n\t\tfrappe.connect()\n\t\tif os",
		1,
	),
	(
		"utils/background_jobs.py",
		"\t\t\tfrappe.init(force=True)\n",
		"\t\t\tfrappe.init(site, force=True)\n",
		1,
	),
	("utils/background_jobs.py", "\tconf = frappe.get_site_config()\n", "\tconf = frappe.local.conf\n", 1),
	("core/doctype/report/report.py", "\tfrappe.init()\n", "\tfrappe.init(site)\n", 1),
	("utils/doctor.py", "\t\tfrappe.init()\n", "\t\tfrappe.init(s, force=True)\n", 1),
	("migrate.py", "\t\tif site:\n\t\t\tfrappe.init()\n", "\t\tif site:\n\t\t\tfrappe.init(site)\n", 1),
	(
		"migrate.py",
		"\t\tself.site = frappe.get_site_name()\n",
		"\t\tself.site = frappe.get_site_name()\n\t\tself.sites_path = frappe.local.sites_path\n",
		1,
	),
	(
		"migrate.py",
		"\t\tfrappe.init()\n\t\tfrappe.connect()\n\n\t\twhile",
		"\t\tfrappe.init(self.site, sites_path=self.sites_path)\n\t\tfrappe.connect()\n\n\t\twhile",
		1,
	),
	("installer.py", "\tfrappe.init()\n\tif not db_name:", "\tif not db_name:", 1),
	# --- hooks of the app that a loop is at
	(
		"migrate.py",
		'\t\t\tfor fn in frappe.get_hooks("before_migrate"):',
		'\t\t\tfor fn in frappe.get_hooks("before_migrate", app_name=app):',
		1,
	),
	(
		"migrate.py",
		'frappe.get_hooks("override_doctype_class", {}).keys()',
		'frappe.get_hooks("override_doctype_class", {}, app_name=app).keys()',
		1,
	),
	(
		"migrate.py",
		'\t\tfor fn in frappe.get_hooks("after_migrate"):\n\t\t\tfrappe.get_attr(fn)()',
		'\t\tfor app in frappe.get_installed_apps():\n\t\t\tfor fn in frappe.get_hooks("after_migrate", app_name=app):\n\t\t\t\tfrappe.get_attr(fn)()',
		1,
	),
	(
		"desk/form/meta.py",
		"frappe.get_hooks(hook, default={})",
		"frappe.get_hooks(hook, default={}, app_name=app_name)",
		1,
	),
	(
		"desk/doctype/global_search_settings/global_search_settings.py",
		'frappe.get_hooks(hook="global_search_doctypes")',
		'frappe.get_hooks("global_search_doctypes", app_name=app)',
		1,
	),
	(
		"desk/doctype/desktop_icon/desktop_icon.py",
		'\t\t\tif frappe.get_hooks()["app_title"][0] == self.label',
		'\t\t\tif frappe.get_hooks("app_title", app_name=a)[:1] == [self.label]',
		1,
	),
	(
		"desk/doctype/desktop_icon/desktop_icon.py",
		'frappe.get_hooks()["add_to_apps_screen"][0].get(\n\t\t\t\t\t"has_permission", None\n\t\t\t\t)',
		'(frappe.get_hooks("add_to_apps_screen", app_name=a) or [{}])[0].get("has_permission")',
		1,
	),
	(
		"desk/doctype/desktop_icon/desktop_icon.py",
		'\t\tapp_title = frappe.get_hooks("app_title")[0]\n\t\tapp_details = frappe.get_hooks("add_to_apps_screen")',
		'\t\tapp_title = frappe.get_hooks("app_title", app_name=a)[0]\n\t\tapp_details = frappe.get_hooks("add_to_apps_screen", app_name=a)',
		1,
	),
	(
		"desk/doctype/desktop_icon/desktop_icon.py",
		'\t\t\t\tapp_title = frappe.get_hooks("app_title")[0]',
		'\t\t\t\tapp_title = frappe.get_hooks("app_title", app_name=app_name)[0]',
		1,
	),
	(
		"desk/page/setup_wizard/setup_wizard.py",
		'frappe.get_hooks().get("setup_wizard_stages")',
		'frappe.get_hooks("setup_wizard_stages", app_name=app_name)',
		1,
	),
	(
		"core/doctype/user_invitation/user_invitation.py",
		'\t\tuser_invitation_hooks = frappe.get_hooks("user_invitation")',
		'\t\tuser_invitation_hooks = frappe.get_hooks("user_invitation", app_name=app)',
		1,
	),
	(
		"utils/fixtures.py",
		'frappe.get_hooks("fixture_auto_order")',
		'frappe.get_hooks("fixture_auto_order", app_name=app)',
		1,
	),
	(
		"utils/fixtures.py",
		'fixtures = frappe.get_hooks("fixtures")',
		'fixtures = frappe.get_hooks("fixtures", app_name=app)',
		1,
	),
	(
		"model/module_utils.py",
		'frappe.get_hooks(hook="app_publisher")[0]',
		'frappe.get_hooks("app_publisher", app_name=app)[0]',
		1,
	),
	(
		"boot.py",
		'\tfor app_name in ["frappe"]:\n\t\tapps = frappe.get_hooks("add_to_apps_screen")',
		'\tfor app_name in frappe.get_installed_apps():\n\t\tapps = frappe.get_hooks("add_to_apps_screen", app_name=app_name)',
		1,
	),
	(
		"boot.py",
		'\t\tapp_title_hooks = frappe.get_hooks("app_title")\n\t\tapp_home_hooks = frappe.get_hooks("app_home")\n\t\tapp_logo_hooks = frappe.get_hooks("app_logo_url")',
		'\t\tapp_title_hooks = frappe.get_hooks("app_title", app_name=app_name)\n\t\tapp_home_hooks = frappe.get_hooks("app_home", app_name=app_name)\n\t\tapp_logo_hooks = frappe.get_hooks("app_logo_url", app_name=app_name)',
		1,
	),
	("boot.py", '\tfor app in ["frappe"]:', "\tfor app in frappe.get_installed_apps():", 1),
	# --- SQLite: a locking read is one here too
	("model/document.py", ' and frappe.db.db_type != "sqlite":\n', ":\n", 2),
	# --- Python 3.11
	(
		"desk/doctype/event/event.py",
		"\ttype EventLikeDict = Event | frappe._dict\n\tresolved_events: list[EventLikeDict] = []",
		"\tresolved_events = []",
		1,
	),
	# --- files are served from the site of the bench
	(
		"utils/background_jobs.py",
		"class FrappeWorker(Worker):\n\tdef work(self, *args, **kwargs):\n\t\tself.start_frappe_scheduler()\n",
		"class FrappeWorker(Worker):\n\tdef work(self, *args, **kwargs):\n",
		1,
	),
	# --- a module that the wheel lacks; its log of test records is of no use here
	(
		"utils/install.py",
		"\tfrom frappe.tests.utils.generators import _clear_test_log\n\n\t_clear_test_log()\n",
		"",
		1,
	),
	# --- a bar is for somebody who looks at it
	(
		"utils/__init__.py",
		"def update_progress_bar(txt, i, l, absolute=False):\n",
		"def update_progress_bar(txt, i, l, absolute=False):\n\tif not sys.stdout.isatty():\n\t\treturn\n",
		1,
	),
	# --- a new table gets the indexes that a changed one gets
	(
		"database/sqlite/schema.py",
		"\t\t# Create indexes separately\n",
		"\t\tfor key, col in self.columns.items():\n"
		"\t\t\tif col.set_index and not col.unique and col.fieldtype in frappe.db.type_map:\n"
		'\t\t\t\tindex_defs.append(f"CREATE INDEX `{self.table_name}_{key}` ON `{self.table_name}` (`{key}`)")\n',
		1,
	),
	(
		"database/sqlite/schema.py",
		'name_column = "name INTEGER PRIMARY KEY AUTOINCREMENT"\n',
		'name_column = "name INTEGER PRIMARY KEY AUTOINCREMENT"\n\t\t\tfrappe.db.create_sequence(self.doctype)\n',
		1,
	),
	# --- the wheel's annotations are text, so arguments weren't converted: "0" counted as true
	(
		"utils/typing_validations.py",
		"\tannotations = func.__annotations__\n",
		"\tannotations = _resolved(func)\n",
		1,
	),
	(
		"utils/typing_validations.py",
		'T = TypeVar("T")\n',
		'T = TypeVar("T")\n\n\n@lru_cache(maxsize=None)\ndef _resolved(func):\n'
		"\ttry:\n\t\tfrom typing import get_type_hints\n\n\t\treturn get_type_hints(func)\n"
		"\texcept Exception:\n\t\treturn func.__annotations__\n",
		1,
	),
	# --- what is printed, as Frappe has it: the wheel prints nothing
	(
		"utils/pdf.py",
		'def pdf_body_html(*args, **kwargs) -> str:\n\treturn ""\n',
		'def pdf_body_html(template, args, **kwargs) -> str:\n\treturn template.render(args, filters={"len": len})\n',
		1,
	),
]
