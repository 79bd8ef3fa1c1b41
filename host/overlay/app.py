"""Overlay of `frappe/app.py`."""


# new
def _site_of(request):
	"""The site that the header names, or the host does, or else the bench's default: an address alone opens it."""
	from frappe.config import get_common_site_config

	sites_path = os.environ.get("SITES_PATH") or "."
	wanted = request.headers.get("X-Frappe-Site-Name") or request.host.split(":", 1)[0]
	if wanted and os.path.exists(os.path.join(sites_path, wanted, "site_config.json")):
		return wanted
	return os.environ.get("FRAPPE_SITE") or get_common_site_config(sites_path).get("default_site") or ""


def application_with_statics():
	"""Assets of the bench, public files of the site."""
	sites_path = os.environ.get("SITES_PATH") or "."
	with frappe.init_site(None):
		default = os.environ.get("FRAPPE_SITE") or frappe.local.conf.default_site or ""
	served = SharedDataMiddleware(application, {"/assets": os.path.join(sites_path, "assets")})
	return StaticDataMiddleware(served, {"/files": os.path.abspath(os.path.join(sites_path, default))})
