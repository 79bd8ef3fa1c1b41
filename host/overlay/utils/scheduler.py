"""Overlay of `frappe/utils/scheduler.py`, where two functions had one name."""


def start_scheduler() -> NoReturn:
	tick = get_scheduler_tick()
	set_niceness()
	os.makedirs(os.path.dirname(_get_scheduler_lock_file()), exist_ok=True)
	lock = FileLock(_get_scheduler_lock_file())
	try:
		lock.acquire(blocking=False)
	except Timeout:
		frappe.logger("scheduler").debug("Scheduler already running")
		return
	while True:
		time.sleep(sleep_duration(tick))
		enqueue_events_for_all_sites()


# new
def enqueue_events_for_all_sites() -> None:
	with frappe.init_site():
		sites_path = frappe.local.sites_path
		sites = frappe.utils.get_sites()
	random.shuffle(sites)
	for site in sites:
		try:
			enqueue_events_for_site(site, sites_path)
		except Exception:
			frappe.logger("scheduler").error(f"Failed to enqueue events for site: {site}", exc_info=True)


def enqueue_events_for_site(site: str, sites_path: str | None = None) -> None:
	try:
		frappe.init(site, sites_path=sites_path, force=True)
		frappe.connect()
		if not is_scheduler_inactive():
			enqueue_events()
	except Exception:
		frappe.logger("scheduler").error("Exception in Enqueue Events", exc_info=True)
	finally:
		frappe.destroy()
