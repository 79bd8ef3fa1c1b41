"""A site for the browser: made anew each time (a second), the people of the scenarios, local providers.

`python -m tests.browser.site NAME '{"url", "smtp", "pager", "secret"}'` makes it, in a process of its own: the
tests themselves never connect to it, they see what a browser sees.
"""

import json
import sys

from tests import on_site

PAGER = "Duty Pager"


def make(name: str, url: str, smtp: list, pager: str, secret: str) -> None:
	from host import sites

	sites.copy_site(on_site.base_site("sqlite"), name)
	sites.enter(name)
	sites.connect(name)
	on_site.prepare()

	import frappe
	from frappe.installer import update_site_config

	from escalation_mgmt.utils import installation

	installation.make_live()  # a copy is mute
	for allowed in ("escalation_allowed_hosts", "escalation_push_hosts"):
		update_site_config(allowed, [pager.split("/")[2]])
	from tests.world.clean_site import email_account

	email_account(*smtp)
	endpoint = frappe.new_doc("Escalation Endpoint")
	endpoint.update({"title": PAGER, "url": pager, "secret": secret})
	endpoint.insert()
	settings = frappe.get_doc("Escalation Settings")
	settings.update({"public_url": url, "catch_all": "owner@x.test"})
	settings.save()
	frappe.db.commit()
	frappe.clear_cache()
	frappe.destroy()


if __name__ == "__main__":
	make(sys.argv[1], **json.loads(sys.argv[2]))
