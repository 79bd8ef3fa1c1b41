"""What administrators write runs in other people's way: no condition and no template takes long, whatever it says."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import frappe
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jinja2 import TemplateError

from escalation_mgmt.facts import conditions
from escalation_mgmt.utils import expressions, value_methods
from escalation_mgmt.utils.budget import LONGEST, Budget, Refused, TooMuch
from escalation_mgmt.utils.templating import render
from tests import endless
from tests.on_site import module
from tests.world import PAGER, World

pytestmark = pytest.mark.one_database

_without = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
SECONDS = 2  # of a processor, for one; a fraction of it as a rule


def test_whatever_an_administrator_writes_ends_soon(world: World) -> None:
	"""In a process of its own, which has two minutes and 2 GB for all of them."""
	child = subprocess.Popen(
		**module("tests.endless", world.site, str(Path(frappe.local.sites_path).resolve())),
		stdout=subprocess.PIPE,
		stderr=subprocess.PIPE,
		text=True,
	)
	try:
		said, wrong = child.communicate(timeout=120)
	except subprocess.TimeoutExpired as e:
		child.kill()
		child.communicate()
		last = (e.stdout or b"").decode().splitlines()[-1]
		pytest.fail(f"it never ended: {last}")
	assert child.returncode == 0, said[-300:] + wrong[-2000:]
	ended = [line for line in map(json.loads, said.splitlines()) if "took" in line]
	assert len(ended) == len(endless.CONDITIONS) + len(endless.TEMPLATES)
	assert [line for line in ended if line["took"] > SECONDS] == []
	assert [line for line in ended if "MemoryError" in line["ended"]] == []
	frappe.db.rollback()
	frappe.db.delete("Error Log")
	frappe.db.commit()


LONG_TEXTS = (  # of which each makes some way of seeking one text in another take long
	"a" * 45_000 + "b" + "a" * 45_000,
	"b" + "a" * 95_000,
	"a" * 95_000 + "b",
	"\u0561" * 190_000 + "\u0461",
	"ab" * 600 + "a" * 49,
	"a" * 49 + "b" + "a" * 49,
)


@pytest.mark.parametrize("method", sorted(value_methods.OF_TEXT | {"in", "trim", "replace"}))
def test_no_method_of_a_text_takes_long_with_another_text(world: World, method: str) -> None:
	"""A budget for it alone, which one call that spends too little would pass by far."""
	for text in ("a" * 190_000, "\u0461" * 190_000, "a" * 2_499, "a" * 29_999):
		for other in LONG_TEXTS:
			started = time.process_time()
			try:
				if method == "trim":
					render("{{ (x | trim(y)) and 1 }}", {"x": text, "y": other})
				else:
					names = {"x": text, "y": other}
					more = ", 'z'" if method == "replace" else ""
					what = "y in x" if method == "in" else f"x.{method}(y{more})"
					expressions.evaluate(what, names)
			except (TooMuch, TypeError, ValueError):
				pass
			assert time.process_time() - started < 0.2, (method, text[:3], other[:3])


FORMAT = st.lists(
	st.one_of(
		st.sampled_from(
			["%((a)b)", "%(a)", "%", "%%", ".", "*", "s", "d", "r", "a", "f", "c", "-", "0", "{0}", "h"]
		),
		st.integers(0, 99_999).map(str),
	),
	max_size=12,
).map("".join)
FILLED = st.one_of(
	st.integers(),
	st.floats(),
	st.sampled_from(["", "ab", "\U000e0001" * 1000, "x" * 5000, None, 10**900]),
)
GIVEN = st.one_of(
	FILLED,
	st.lists(FILLED).map(tuple),
	st.lists(FILLED),
	st.fixed_dictionaries({"a": FILLED, "(a)b": FILLED}),
)


@settings(suppress_health_check=_without)
@given(form=FORMAT, values=GIVEN, more=st.integers(1, 200))
@example("%((a)b)99999d", {"(a)b": 1}, 1)
@example("%((a)b).99999d", {"(a)b": 1}, 1)
@example("%a", ("\U000e0001" * 1000,), 1)
@example("%s", ["x" * 5000] * 50, 1)
@example("{0!a}", ["\U000e0001" * 1000], 20)
def test_no_format_makes_more_than_it_was_taken_for(world: World, form: str, values: Any, more: int) -> None:
	form *= more
	for fill in (
		lambda budget: budget.filled(form, values),
		lambda budget: budget.formatted(form, values if isinstance(values, tuple | list) else [values], {}),
	):
		budget = Budget(10_000)
		try:
			made = fill(budget)
		except (TooMuch, Refused, TypeError, ValueError, OverflowError, KeyError, IndexError):
			continue
		assert len(made) <= (10_000 - budget.left) * 1000 <= 10_000_000
		assert len(made) <= LONGEST


def test_a_format_is_filled_from_what_it_names_alone(world: World) -> None:
	doc = {"subject": "Disk", "idx": 3, "rows": [{"a": 1}]}
	assert Budget(100).filled("%(subject)s: %(idx)02d%%", doc) == "Disk: 03%"
	for form in ("%(rows)s", "%s", "%(subject)s %s"):
		with pytest.raises(Refused, match="a list in a format"):
			Budget(100).filled(form, doc)


TEXT = st.sampled_from(
	["doc.long", "doc.letters", "doc.description", "doc.subject", "'ab'", "''", "doc.none"]
)
NUMBER = st.sampled_from(["doc.idx", "doc.huge", "0", "-1", "7", "999999999999", "10**9", "1.5", "1e300"])
ROWS = st.sampled_from(["doc.rows", "[doc.long]", "doc", "[]", "(doc.rows, doc.rows)"])


def larger(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
	both = st.tuples(smaller, smaller)
	methods = sorted(expressions.value_methods.METHODS)
	functions = sorted(expressions._FUNCTIONS)
	return st.one_of(
		st.builds(
			lambda pair, op: f"({pair[0]} {op} {pair[1]})",
			both,
			st.sampled_from([*"+-*/%", "//", "**", "==", "<", "in", "not in", "and", "or", "is"]),
		),
		st.builds(lambda pair, method: f"{pair[0]}.{method}({pair[1]})", both, st.sampled_from(methods)),
		st.builds(lambda pair, method: f"{pair[0]}.{method}()", both, st.sampled_from(methods)),
		st.builds(lambda pair, function: f"{function}({pair[0]})", both, st.sampled_from(functions)),
		st.builds(
			lambda pair, function: f"{function}({pair[0]}, {pair[1]})", both, st.sampled_from(functions)
		),
		st.builds("[{0[0]} for x in {0[1]}]".format, both),
		st.builds("any({0[0]} == y for y in {0[1]} for z in {0[1]})".format, both),
		st.builds("[{0[0]}, {0[1]}]".format, both),
		st.builds("{0[0]}[{0[1]}]".format, both),
		st.builds("{0[0]}[:{0[1]}]".format, both),
		st.builds("({0[0]} if {0[1]} else doc)".format, both),
	)


EXPRESSION = st.recursive(st.one_of(TEXT, NUMBER, ROWS), larger, max_leaves=12)


@settings(suppress_health_check=_without)
@given(expression=EXPRESSION)
@example("doc.subject in doc.subject")
def test_no_expression_handles_more_than_its_steps_allow(world: World, expression: str) -> None:
	steps, sizes = 0, [0]
	evaluation = expressions._Evaluation({"doc": endless.TICKET})
	try:
		tree = expressions.checked(expression)
	except (SyntaxError, Refused):
		return
	value = evaluation.value

	def measured(node: Any) -> Any:
		nonlocal steps
		steps += 1
		found = value(node)
		own = all(found is not known for known in endless.TICKET.values())
		sizes.append(len(found) if own and isinstance(found, str | list | tuple) else 0)
		return found

	evaluation.value = measured  # type: ignore[method-assign]
	try:
		measured(tree.body)
	except Exception as e:
		assert not isinstance(e, MemoryError | RecursionError), expression
	assert steps <= expressions.STEPS + 1, expression
	assert max(sizes) <= 10 * endless.LONG, expression


FILTERS = st.sampled_from(
	[
		"upper",
		"lower",
		"title",
		"striptags",
		"wordcount",
		"tojson",
		"list",
		"length",
		"join",
		"replace('a',ticket.long)",
		"center(10**9)",
		"round",
		"indent(9)",
		"e",
		"string",
		"unique",
		"sort",
		"format(1)",
		"format(ticket.long)",
		"truncate(9)",
		"map('upper')",
		"reverse",
		"first",
		"sum",
		"batch(9)",
		"urlencode",
		"default('x')",
		"replace('','abc')",
		"join(ticket.long)",
		"int",
		"float",
		"trim",
		"capitalize",
		"select",
		"max",
		"dictsort",
	]
)


def wider(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
	both = st.tuples(smaller, smaller)
	return st.one_of(
		st.builds(lambda part, of: f"({part} | {of})", smaller, FILTERS),
		st.builds(
			lambda pair, op: f"({pair[0]} {op} {pair[1]})",
			both,
			st.sampled_from([*"+-*/%~", "//", "==", "<", "in", "and", "or"]),
		),
		st.builds("[{0[0]}, {0[1]}]".format, both),
		st.builds("{0[0]}[{0[1]}]".format, both),
	)


TEMPLATE_VALUE = st.recursive(
	st.one_of(TEXT, NUMBER, ROWS).map(lambda part: part.replace("doc.", "ticket.")), wider, max_leaves=8
)
TEMPLATE = st.recursive(
	TEMPLATE_VALUE.map(lambda value: "{{ " + value + " }}"),
	lambda smaller: st.one_of(
		st.builds(
			lambda value, body: "{% for x in " + value + " %}" + body + "{% endfor %}",
			TEMPLATE_VALUE,
			smaller,
		),
		st.builds(
			lambda value, body: "{% set x = " + value + " %}{% set x = x ~ x %}" + body,
			TEMPLATE_VALUE,
			smaller,
		),
		st.builds(lambda one, other: one + other, smaller, smaller),
	),
	max_leaves=5,
)


@settings(suppress_health_check=_without)
@given(template=TEMPLATE)
@example("{% for x in range(9999) %}{{ ticket.long }}{% endfor %}")
def test_no_template_makes_more_than_its_budget_allows(world: World, template: str) -> None:
	try:
		made = render(template, {"ticket": endless.TICKET})
	except Exception as e:
		assert not isinstance(e, MemoryError | RecursionError), template
		return
	assert len(made) <= 2 * endless.LONG, template


@pytest.mark.parametrize(
	("expression", "met"),
	[
		("doc.priority == 'Urgent' and doc.via_customer_portal == 1", True),
		("doc.priority in ('High', 'Urgent')", True),
		("'disk' in (doc.subject or '').lower()", True),
		("doc.subject.startswith('Disk') and not doc.subject.endswith('!')", True),
		("doc.get('nosuch') is None and doc.nosuch is None and doc.nosuch == doc.get('a', None)", True),
		("doc['priority'] != 'Low'", True),
		("doc.raised_by.split('@')[1] == 'vip.example'", True),
		("doc.raised_by.split('@')[-1] in ['a.example', 'b.example']", False),
		("any(row.qty > 1 and row.get('item') for row in doc.rows)", True),
		("len([row for row in doc.rows if row.qty]) >= 2 and sum(row.qty for row in doc.rows) == 3", True),
		("max(row['qty'] for row in doc.rows) / 2 == 1", True),
		("{row.qty for row in doc.rows} == {1, 2}", True),
		("doc.creation.hour < 8 or doc.creation.weekday() > 4", True),
		("(doc.ends - doc.creation).days >= 1", True),
		("int(doc.number) % 7 == 0 and round(float(doc.number), 1) == 14.0", True),
		("-doc.idx < 0 < doc.idx <= 3", True),
		("doc.idx if doc.none else not doc.none", True),
		("doc.subject[:4] == 'Disk' and doc.subject[0].isupper()", True),
		("'vip' in doc._user_tags.split(',')", True),
		("'{0}-{1:>3}'.format('a', 1) == 'a-  1' and '%s' % 3 == '3'", True),
	],
)  # fmt: skip
def test_what_conditions_are_written_for_goes_on(world: World, expression: str, met: bool) -> None:
	ticket = {
		"priority": "Urgent", "via_customer_portal": 1, "subject": "Disk full", "raised_by": "ann@vip.example", "idx": 3,
		"rows": [frappe._dict(qty=1, item="a"), {"qty": 2, "item": "b"}], "none": None, "number": "14",
		"creation": frappe.utils.get_datetime("2026-11-28 07:00"), "ends": frappe.utils.get_datetime("2026-11-30"),
		"_user_tags": ",vip,new",
	}  # fmt: skip
	assert conditions.evaluate_condition(expression, ticket) is met


@pytest.mark.parametrize(
	("template", "made"),
	[
		("[{{ ticket.priority }}] {{ ticket.subject }}", "[High] Disk full"),
		("{{ ticket.subject | upper | truncate(4, True, '', 0) }}", "DISK"),
		("{% if ticket.priority in ['High', 'Urgent'] %}now{% else %}later{% endif %}", "now"),
		("{% for row in ticket.rows %}{{ loop.index }}/{{ loop.length }} {{ row.item }}{% if not loop.last %}, {% endif %}"
		"{% endfor %}", "1/2 a, 2/2 b"),
		("{% set comma = joiner('; ') %}{% for row in ticket.rows %}{{ comma() }}{{ row['qty'] }}{% endfor %}", "1; 2"),
		("{{ ticket.rows | selectattr('qty', 'gt', 1) | map(attribute='item') | join(', ') }}", "b"),
		("{{ ticket.rows | sum(attribute='qty') }}", "3"),
		("{{ ticket.description | striptags }}", "It is &lt; full"),
		("{{ ticket.nosuch or 'none' }}{{ ticket.nosuch | default('', true) }}", "none"),
		("{{ _('Ticket {0}').format(ticket.name) }}", "Ticket 7"),
		("{{ '%s: %d' | format(ticket.name, 3) }}{{ 'a' ~ 1 }}", "7: 3a1"),
		("{{ {'a': ticket.rows, 'n': none} | tojson }}",
		'{"a": [{"qty": 1, "item": "a"}, {"qty": 2, "item": "b"}], "n": null}'),
		("{{ ticket.creation.strftime('%H:%M') }} {{ ticket.creation.year + 1 }}", "07:00 2027"),
		("{{ ticket.subject.split(' ')[0] | replace('Disk', 'Plate') }}", "Plate"),
		("{% set ns = namespace(n=0) %}{% for r in ticket.rows %}{% set ns.n = ns.n + r.qty %}{% endfor %}{{ ns.n }}", "3"),
		("{{ range(3) | list }}{{ [3, 1] | sort }}{{ 3.14159 | round(2) }}", "[0, 1, 2][1, 3]3.14"),
		("{% for key, value in ticket.rows[0].items() %}{{ key }}={{ value }} {% endfor %}", "qty=1 item=a "),
		("{{ format_duration(3600) }}", "1h"),
		("{{ 'yes' if ticket.none is none else 'no' }}{{ ticket.subject[-4:] }}", "yesfull"),
	],
)  # fmt: skip
def test_what_templates_are_written_for_goes_on(world: World, template: str, made: str) -> None:
	from escalation_mgmt.delivery.messages import TicketView
	from escalation_mgmt.engine import MatchFacts, Ticket

	doc = {
		"rows": [{"qty": 1, "item": "a"}, frappe._dict(qty=2, item="b")], "none": None,
		"description": "<div>It <!-- <b>no</b> -->is</div> &lt; <b>full</b>",
		"creation": frappe.utils.get_datetime("2026-11-28 07:00"),
	}  # fmt: skip
	view = TicketView(
		Ticket(doctype="", name="7", subject="Disk full", facts=MatchFacts(priority="High")), doc=doc
	)
	assert render(template, {"ticket": view}) == made


@pytest.mark.parametrize("field", ["condition", "stop_condition"])
@pytest.mark.parametrize(
	"expression", ["9**9**9 == 1", "'a' * 10000000000 == 'b'", "doc.db_set('a', 1)", "(" * 999]
)
def test_a_condition_that_would_hold_others_up_is_refused_when_the_plan_is_saved(
	world: World, field: str, expression: str
) -> None:
	label = frappe.get_meta("Escalation Plan").get_label(field)
	with pytest.raises(frappe.ValidationError, match=f"{label} fails"):
		world.plan((0, "Email"), **{field: expression})
	frappe.clear_messages()


@pytest.mark.parametrize(
	"template",
	[
		"{{ 9**9**9 }}",
		"{{ 'a' * 1000000000 }}",
		"{% for a in range(10**9) %}{% endfor %}",
		"{% macro a() %}{% endmacro %}",
	],
)
@pytest.mark.parametrize(
	("where", "said"), [("subject", "Subject "), ("message", "Message "), ("step", "Step 1: The message ")]
)  # fmt: skip
def test_a_template_that_would_hold_others_up_is_refused_when_the_plan_is_saved(
	world: World, where: str, said: str, template: str
) -> None:
	step = (0, "Email", "Assignee", "", template) if where == "step" else (0, "Email")
	with pytest.raises(frappe.ValidationError, match=said):
		world.plan(step, **({} if where == "step" else {where: template}))
	frappe.clear_messages()


def test_an_endpoints_body_that_would_hold_others_up_is_refused(world: World) -> None:
	for body in ("{{ 9**9**9 }}", '{"a": {{ ("a" * 1000000000) | tojson }}}', "{% include 'x' %}"):
		with pytest.raises(frappe.ValidationError, match=f"body of endpoint {PAGER}"):
			world.endpoint(payload=body)
		frappe.clear_messages()


def test_what_was_saved_before_is_passed_over_in_words_and_stops_nothing(world: World) -> None:
	"""A plan from before there was a budget: its condition takes no ticket, its text is the app's own."""
	bad = world.plan((0, "Email"), title="Bad", rank=1)
	world.plan((0, "Email"), rank=2)
	late = world.plan((0, "Email"), title="Text", priorities=["Urgent"])
	from escalation_mgmt.facts import plans

	for doc, field, value in ((bad, "condition", "9**9**9 == 1"), (late, "message", "{{ 9**9**9 }}")):
		doc.set(field, value)
		frappe.db.set_value("Escalation Plan", doc.name, "plan_version", plans.freeze(plans.from_doc(doc)))
	frappe.db.commit()
	ticket, urgent = world.ticket(), world.ticket("burning", priority="Urgent")
	world.expect_error("the condition failed")
	assert world.item(ticket).plan == "Outage"
	world.forward(10)
	world.expect_email("tech@x.test", "Server outage")
	world.expect_email("tech@x.test", "burning")
	world.expect_error("a message can't be rendered")
	assert "The plan's text can't be rendered" in world.lines(world.item(urgent))


def test_errors_are_ours(world: World) -> None:
	for expression in ("9**9", "x", "doc.a.b", "doc.long.nosuch()"):
		with pytest.raises((Refused, NameError)):
			expressions.evaluate(expression, {"doc": endless.TICKET})
	with pytest.raises(TooMuch):
		expressions.evaluate("doc.long * 9", {"doc": endless.TICKET})
	for template in ("{{ x | attr('y') }}", "{{ 2**3 }}", "{{ x is callable }}"):
		with pytest.raises(TemplateError):
			render(template, {})
