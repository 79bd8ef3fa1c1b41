"""What an app's `commands.py` imports from Frappe; the wheel has another command line."""

import functools
import sys

import click

import frappe


def pass_context(function):
	"""The command gets the context object (its `sites`, `force`, `verbose`, `profile`) as its first argument."""

	@click.pass_context
	@functools.wraps(function)
	def called(context, *args, **kwargs):
		return function(context.obj, *args, **kwargs)

	return called


def get_site(context, raise_err=True):
	"""The one site that a command was called for."""
	sites = context.get("sites") if isinstance(context, dict) else context.sites
	if sites:
		return sites[0]
	if raise_err:
		print("Please specify --site sitename")
		sys.exit(1)
	return None


def get_sites(context):
	return (context.get("sites") if isinstance(context, dict) else context.sites) or frappe.utils.get_sites()


def call_command(command, context):
	return click.Context(command, obj=context).forward(command)
