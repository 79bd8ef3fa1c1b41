"""Overlay of `frappe/__init__.py`: one process, several sites, several apps."""


# new
_hooks_of = {}


def init(site: str | None = None, sites_path: str | None = None, new_site: bool = False, force: bool = False):
	"""Bind this thread to a site of the bench.

	Without a site: the one it already has, else FRAPPE_SITE, else the bench's default site. "" means the bench alone.
	"""
	if getattr(local, "initialised", None) and not force:
		return

	if site is None:
		site = getattr(local, "site", None)
	sites_path = sites_path or getattr(local, "sites_path", None) or os.environ.get("SITES_PATH") or "."
	if site is None:
		from frappe.config import get_common_site_config

		site = os.environ.get("FRAPPE_SITE") or get_common_site_config(sites_path).get("default_site") or ""

	for name in ("error_log", "message_log", "debug_log", "locked_documents"):
		setattr(local, name, [])
	for name in ("role_permissions", "valid_columns", "new_doc_templates", "cache"):
		setattr(local, name, {})
	for name in ("all_apps", "module_app", "app_modules", "user", "user_perms", "jenv", "jloader"):
		setattr(local, name, None)
	local.flags = _dict(
		currently_saving=[],
		redirect_location="",
		in_install_db=bool(new_site),
		in_install_app=False,
		in_import=False,
		in_test=in_test,
		mute_messages=False,
		ignore_links=False,
		mute_emails=False,
		has_dataurl=False,
		new_site=new_site,
		read_only=False,
	)
	local.test_objects = defaultdict(list)
	local.request_cache = defaultdict(dict)

	local.site = local.site_name = site
	local.sites_path = local.app_path = sites_path
	local.site_path = os.path.join(sites_path, site)
	local.conf = get_site_config(sites_path=sites_path, site_path=local.site_path, cached=True)
	local.lang = local.conf.lang or "en"

	local.request_ip = local.task_id = None
	local.response = _dict({"docs": []})
	local.response_headers = Headers()
	local.form_dict = _dict()
	local.preload_assets = {"style": [], "script": [], "icons": []}
	local.session = _dict(user="Guest", data=_dict())
	local.dev_server = _dev_server
	local.qb = get_query_builder(local.conf.db_type or "mariadb")
	if not cache or not client_cache:
		setup_redis_cache_connection()

	# All of the bench's, as the installer needs modules of an app that isn't installed yet.
	setup_module_map(include_all_apps=True)

	local.initialised = True


class init_site:
	"""`with init_site(site)`: bind, and release at the end."""

	def __init__(self, site=None):
		self.site = site or ""

	def __enter__(self):
		init(self.site)
		return local

	def __exit__(self, type, value, traceback):
		destroy()


def get_app_path(app_name: str, *joins):
	return get_pymodule_path(app_name, *joins)


def get_app_source_path(app_name: str, *joins):
	return get_app_path(app_name, "..", *joins)


def get_site_name() -> str:
	return getattr(local, "site", None) or ""


def get_site_path(*joins):
	return os.path.join(local.site_path, *joins)


def get_module_list(app_name: str = "frappe"):
	return get_file_items(get_app_path(app_name, "modules.txt"))


def get_all_apps(with_internal_apps: bool = True, sites_path: str | None = None) -> list[str]:
	"""The apps of the bench, frappe first."""
	path = os.path.join(sites_path or getattr(local, "sites_path", None) or ".", "apps.txt")
	apps = [app for app in get_file_items(path, raise_not_found=True) if app != "frappe"]
	return ["frappe", *apps]


@request_cache
def get_installed_apps(*, _ensure_on_bench: bool = False) -> list[str]:
	"""The apps of this site in the order in which they were installed; none before the first is."""
	if getattr(flags, "in_install_db", True):
		return []
	if not db:
		connect()
	installed = json.loads(db.get_global("installed_apps") or "[]")
	if _ensure_on_bench:
		on_bench = get_all_apps()
		installed = [app for app in installed if app in on_bench]
	return installed


def _load_app_hooks(app_name: str | None = None):
	"""The members of `hooks.py` of one app, or of every installed app together."""
	import types

	hooks = {}
	for app in [app_name] if app_name else get_installed_apps(_ensure_on_bench=True):
		module = get_module(f"{app}.hooks")
		for key, value in inspect.getmembers(module):
			if not key.startswith("_") and not isinstance(value, types.ModuleType | types.FunctionType | type):
				append_hook(hooks, key, value)
	return hooks


def get_hooks(
	hook: str | None = None, default: Any | None = "_KEEP_DEFAULT_LIST", app_name: str | None = None
) -> _dict:
	"""Hooks of one app, or of all that are installed."""
	if app_name:
		hooks = _request_cached_load_app_hooks(app_name)
	else:
		# Kept by the process, not by Redis: there they would outlive a change of the code.
		apps = (local.site, *get_installed_apps(_ensure_on_bench=True))
		hooks = _hooks_of.get(apps)
		if hooks is None:
			hooks = _load_app_hooks()
			if len(apps) > 1:
				_hooks_of[apps] = hooks

	if hook:
		return hooks.get(hook, ([] if default == "_KEEP_DEFAULT_LIST" else default))
	return _dict(hooks)


def setup_module_map(include_all_apps: bool = True) -> None:
	"""Which module belongs to which app, and the other way round."""
	local.app_modules = {}
	local.module_app = {}
	apps = get_all_apps() if include_all_apps else get_installed_apps(_ensure_on_bench=True)
	for app in apps:
		modules = local.app_modules.setdefault(app, [])
		for module in map(scrub, get_module_list(app)):
			modules.append(module)
			if module in local.module_app:
				warnings.warn(f"module `{module}` is in `{local.module_app[module]}` and in `{app}`", stacklevel=1)
			local.module_app[module] = app


@request_cache
def is_setup_complete():
	if flags.in_install_db:
		return False
	return bool(cint(db.get_single_value("System Settings", "setup_complete")))
