"""Overlay of `frappe/utils/logger.py`."""


def create_handler(module, site=None, max_size=100_000, file_count=20, stream_only=False):
	"""To the bench's logs and to the site's, wherever the process stands."""
	formatter = logging.Formatter(f"%(asctime)s %(levelname)s {module} %(message)s")
	if stream_only:
		handlers = [logging.StreamHandler()]
	else:
		sites_path = getattr(frappe.local, "sites_path", None) or os.environ.get("SITES_PATH") or "."
		folders = [os.path.join(sites_path, "..", "logs")]
		if site and os.path.isdir(os.path.join(sites_path, site)):
			folders.append(os.path.join(sites_path, site, "logs"))
		handlers = []
		for folder in folders:
			os.makedirs(folder, exist_ok=True)
			handlers.append(
				RotatingFileHandler(
					os.path.join(folder, f"{module}.log"), maxBytes=max_size, backupCount=file_count, delay=True
				)
			)
	for handler in handlers:
		handler.setFormatter(formatter)
	return handlers
