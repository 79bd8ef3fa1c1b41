"""What programs call: the public names stay, and every function says what it takes and gives."""

import importlib
import inspect
import pkgutil

import frappe

import escalation_mgmt
from escalation_mgmt import api

PUBLIC = {
	"acknowledge": ["action_item"],
	"act": ["doctype", "name", "action", "seen", "values"],
	"act_on_item": ["action_item", "action", "seen", "values"],
	"before_starting": ["doctype", "name", "plan", "when"],
	"board": [],
	"items": ["names"],
	"maintenance_choices": [],
	"plan_choices": ["doctype"],
	"planned": ["action_item"],
	"start": ["doctype", "name", "plan", "at_once"],
	"ticket": ["doctype", "name"],
	"tickets": ["doctype", "names"],
	"timeline": ["action_item"],
}


def test_public_names_stay() -> None:
	assert set(api.__all__) == set(PUBLIC)
	for name, takes in PUBLIC.items():
		function = frappe.get_attr(f"escalation_mgmt.api.{name}")
		assert function in frappe.whitelisted
		assert list(inspect.signature(function).parameters) == takes


def test_whitelisted_functions_are_annotated() -> None:
	for module in pkgutil.walk_packages(escalation_mgmt.__path__, "escalation_mgmt."):
		importlib.import_module(module.name)
	ours = [inspect.unwrap(each) for each in frappe.whitelisted]
	ours = [each for each in ours if each.__module__.startswith("escalation_mgmt.")]
	assert len(ours) > 30
	for function in ours:
		signature = inspect.signature(function)
		given = [each for name, each in signature.parameters.items() if name != "self"]
		assert all(each.annotation is not each.empty for each in given), function
		assert signature.return_annotation is not signature.empty, function


def test_what_a_guest_can_call_is_cleaned_by_nobody_before_its_signature_is_looked_at() -> None:
	importlib.import_module("escalation_mgmt.inbound.twilio")
	guests = {inspect.unwrap(each) for each in frappe.guest_methods}
	ours = {each for each in guests if each.__module__.startswith("escalation_mgmt.")}
	assert len(ours) >= 5
	assert ours <= {inspect.unwrap(each) for each in frappe.xss_safe_methods}
