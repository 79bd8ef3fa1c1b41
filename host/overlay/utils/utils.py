"""Overlay of `frappe/utils/__init__.py`."""


def get_sites(sites_path=None):
	"""The folders of the bench's sites that have a configuration."""
	sites_path = sites_path or getattr(frappe.local, "sites_path", None) or "."
	return sorted(
		entry.name
		for entry in os.scandir(sites_path)
		if entry.is_dir() and os.path.exists(os.path.join(entry.path, "site_config.json"))
	)


def get_bench_path():
	sites_path = getattr(frappe.local, "sites_path", None) or os.environ.get("SITES_PATH") or "."
	return os.environ.get("FRAPPE_BENCH_ROOT") or os.path.abspath(os.path.join(sites_path, ".."))


def get_assets_json():
	"""Names of the bundles as they are now: read from the file, as nothing here tells Redis of another build."""
	import json

	sites_path = getattr(frappe.local, "sites_path", None) or "."
	with open(os.path.join(sites_path, "assets", "assets.json")) as file:
		return json.load(file)
