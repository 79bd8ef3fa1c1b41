import frappe


def after_install():
	for doctype, names in {
		"Issue Priority": ("Low", "Medium", "High"),
		"Issue Type": ("Question", "Outage"),
	}.items():
		for name in names:
			if not frappe.db.exists(doctype, name):
				doc = frappe.new_doc(doctype)
				doc.name = name
				doc.insert(ignore_permissions=True)
