"""Who may see a ticket: agents (all, or those of their teams), whoever raised it, and who manages its customer."""

import frappe

from helpdesk.utils import get_agents_team, get_customers, is_agent


def has_permission(doc, user=None):
	user = user or frappe.session.user
	if user == "Administrator" or user in (doc.contact, doc.raised_by, doc.owner):
		return True
	if doc.customer and doc.customer in managed_by(user):
		return True
	return is_agent(user) and agent_may(doc, user)


def agent_may(doc, user) -> bool:
	settings = frappe.get_cached_doc("HD Settings")
	if not settings.restrict_tickets_by_agent_group:
		return True
	if settings.do_not_restrict_tickets_without_an_agent_group and not doc.get("agent_group"):
		return True
	if user in frappe.parse_json(doc.get("_assign") or "[]"):
		return True
	teams = get_agents_team(user)
	return any(team.ignore_restrictions or team.name == doc.get("agent_group") for team in teams)


def permission_query(user=None):
	user = user or frappe.session.user
	if user == "Administrator":
		return ""
	settings = frappe.get_cached_doc("HD Settings")
	ways = [
		f"`tabHD Ticket`.`{field}` = {frappe.db.escape(user)}" for field in ("owner", "contact", "raised_by")
	]
	if not is_agent(user):
		if customers := managed_by(user):
			ways.append(one_of("customer", customers))
		return f"({' or '.join(ways)})"
	if not settings.restrict_tickets_by_agent_group:
		return ""
	if settings.do_not_restrict_tickets_without_an_agent_group:
		ways.append("ifnull(`tabHD Ticket`.`agent_group`, '') = ''")
	teams = get_agents_team(user)
	if any(team.ignore_restrictions for team in teams):
		return ""
	quoted = frappe.db.escape(f'%"{user}"%')
	ways.append(f"`tabHD Ticket`.`_assign` like {quoted}")
	if teams:
		ways.append(one_of("agent_group", [team.name for team in teams]))
	return f"({' or '.join(ways)})"


def managed_by(user: str) -> list[str]:
	return [row.name for row in get_customers(user) if row.is_manager]


def one_of(field: str, values: list[str]) -> str:
	return f"`tabHD Ticket`.`{field}` in ({', '.join(frappe.db.escape(value) for value in values)})"
