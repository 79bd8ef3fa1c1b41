"""Somebody holds a row."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import frappe


@contextmanager
def held(doctype: str, name: str) -> Iterator[None]:
	"""Another connection holds a document's row meanwhile, as a save does."""
	site, path = frappe.local.site, frappe.local.sites_path
	has_it, let_go = threading.Event(), threading.Event()

	def hold() -> None:
		frappe.init(site, sites_path=path)
		frappe.connect()
		frappe.db.sql(f"select `name` from `tab{doctype}` where `name` = %s for update", (name,))
		has_it.set()
		let_go.wait(60)
		frappe.destroy()

	thread = threading.Thread(target=hold)
	thread.start()
	try:
		assert has_it.wait(60)
		yield
	finally:
		let_go.set()
		thread.join()
