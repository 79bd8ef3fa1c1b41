"""Whether providers take what was set up for them: asked by the Test Connection of each, and remembered for some
minutes, because an answer can take seconds and a page mustn't wait for it.
"""

import time
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.facts.people import Directory
from escalation_mgmt.notifiers.base import Notifier, Provider
from escalation_mgmt.utils.doctypes import PLAN, STEP
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.jobs import enqueue_once

FRESH_SECONDS = 300
_KEY = "escalation_providers"


def ask() -> dict[str, list[str]]:
	"""Ask the provider of every method that an enabled plan uses: what it refuses, in words, {method: sentences}. Takes
	some seconds. Methods that aren't set up are not asked.
	"""
	directory, said, wholly = Directory(), {}, []
	for method in _used():
		notifier, why = directory.notifier(method)
		if not notifier or why:
			continue
		try:
			said[method] = _said(notifier, refused := {p: _refused(p) for p in notifier.providers})
			wholly += [method] if all(refused.values()) else []
		except Exception as e:
			report_error(f"Escalation: the provider of {method} can't be asked")
			said[method] = [_("It can't be asked: {0}").format(str(e)[:200])]
			wholly.append(method)
	frappe.cache.set_value(_KEY, {"at": time.time(), "said": said, "wholly": wholly})
	return said


def _refused(provider: Provider) -> list[str]:
	why = provider.not_ready()
	return [why] if why else provider.refused()


def _said(notifier: Notifier, refused: dict[Provider, list[str]]) -> list[str]:
	several = len(notifier.providers) > 1
	return [
		_("{0}: {1}").format(provider.name, words) if several else words
		for provider, found in refused.items()
		for words in found
	]


def refuse_wholly() -> set[str]:
	"""The methods that none of whose providers took what is set up, when they were asked last."""
	return set((frappe.cache.get_value(_KEY) or {}).get("wholly", ()))


def last_said() -> dict[str, list[str]]:
	"""What they said when they were asked last. What is older than some minutes is asked for anew, in the background."""
	known: dict[str, Any] = frappe.cache.get_value(_KEY) or {"at": 0, "said": {}}
	if time.time() - known["at"] > FRESH_SECONDS:
		enqueue_once(ask, "providers")
	return known["said"]


def forget() -> None:
	"""What is set up has changed."""
	frappe.cache.delete_value(_KEY)


def _used() -> list[str]:
	plans = frappe.get_all(PLAN, filters={"enabled": 1}, pluck="name", order_by="name")
	filters = {"parenttype": PLAN, "parent": ("in", plans or [""])}
	found = frappe.get_all(STEP, filters=filters, pluck="method", distinct=True, order_by="method")
	return sorted(found)  # Frappe 15 leaves the order out
