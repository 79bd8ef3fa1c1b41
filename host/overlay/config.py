"""Overlay of `frappe/config.py`: the bench's and the site's files, as Frappe has them."""


def get_site_config(sites_path=None, site_path=None, *, cached=False) -> _dict[str, Any]:
	"""common_site_config.json, then site_config.json over it, then the addresses of Redis from the environment."""
	import frappe

	sites_path = sites_path or getattr(frappe.local, "sites_path", None) or os.environ.get("SITES_PATH") or "."
	site_path = site_path or getattr(frappe.local, "site_path", None)

	config = get_common_site_config(sites_path)
	if site_path and os.path.realpath(site_path) != os.path.realpath(sites_path):
		config.update(_read_config(os.path.join(site_path, "site_config.json")))

	config.db_type = config.db_type or "mariadb"
	if config.db_type == "mariadb":
		config.db_host = config.db_host or "127.0.0.1"
		config.db_port = int(config.db_port or 3306)
		config.db_user = config.db_user or config.db_name
		config.use_mysqlclient = 0
	config.max_file_size = config.max_file_size or 25 * 1024 * 1024
	config.developer_mode = int(config.developer_mode or 0)
	config.allow_tests = int(config.allow_tests or 0)
	return config


def get_common_site_config(sites_path: str | None = None, cached=False) -> _dict[str, Any]:
	import frappe

	sites_path = sites_path or getattr(frappe.local, "sites_path", None) or os.environ.get("SITES_PATH") or "."
	config = _dict(_read_config(os.path.join(sites_path, "common_site_config.json")))
	for key in ("redis_cache", "redis_queue"):
		config[key] = os.environ.get(f"FRAPPE_{key.upper()}") or config.get(key) or "redis://127.0.0.1:11311"
	# Names of queues begin with it: a worker that was started for one site leaves the others' jobs alone.
	if os.environ.get("HOST_BENCH_ID"):
		config.bench_id = os.environ["HOST_BENCH_ID"]
	return config


# new
def _read_config(path: str) -> dict[str, Any]:
	"""Parsed anew only when the file changed; so that a change by another process is seen at once."""
	import json

	try:
		stat = os.stat(path)
	except FileNotFoundError:
		return {}
	stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
	known = _parsed_files.get(path)
	if not known or known[0] != stamp:
		with open(path) as file:
			known = _parsed_files[path] = (stamp, file.read())
	return json.loads(known[1])


def clear_site_config_cache():
	_parsed_files.clear()


def get_conf(site: str | None = None) -> _dict[str, Any]:
	import frappe

	if getattr(frappe.local, "conf", None) and (not site or site == frappe.local.site):
		return frappe.local.conf
	if site:
		sites_path = getattr(frappe.local, "sites_path", None) or os.environ.get("SITES_PATH") or "."
		return get_site_config(sites_path, os.path.join(sites_path, site))
	return get_common_site_config()
