"""What an administrator may write, out of malice or by mistake, that would never end: conditions and templates.

Run in a process of its own, with the memory that it may have: `python -m tests.endless`. Prints a line of JSON for each:
what it was, how long it took, and how it ended.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

MEMORY = 2 << 30  # bytes
LONG = 100_000  # characters of a ticket's text

TICKET: dict[str, Any] = {
	"name": "7",
	"subject": "Server outage",
	"description": "<<a>" * (LONG // 4),
	"long": "ab" * (LONG // 2),
	"letters": "İßŉ" * (LONG // 3),
	"idx": 3,
	"huge": 10**5000,
	"none": None,
	"creation": datetime(2026, 11, 28),
	"rows": [{"qty": number, "item": f"Item {number}"} for number in range(1000)],
}

_DEEP = "".join("{% set x = [x, x] %}" for _turn in range(60))
_TWICE = "".join("{% set x = x ~ x %}" for _turn in range(60))
_SUM = "".join("{% set x = x + x %}" for _turn in range(60))
_TUPLES = "".join("{% set x = (x, x) %}" for _turn in range(60))

_KEY = "k" * 101  # of a format

CONDITIONS = (
	"9**9**9",
	"9 ** doc.idx ** 99 ** 9",
	"'a' * 10**9",
	"'a' * 1000000000 == 'b'",
	"doc.long * 1000000 == 'b'",
	"[0] * 1000000000 == doc",
	"doc.rows * 100000000 == doc.rows",
	"doc.huge * doc.huge * doc.huge * doc.huge == 1",
	"1 << 10000000000",
	"len(range(10**12)) and any(x == -1 for x in range(10**12))",
	"any(a.qty + b.qty + c.qty == -1 for a in doc.rows for b in doc.rows for c in doc.rows)",
	"any(x == y for x in doc.long for y in doc.long)",
	"[[[y for y in doc.long] for x in doc.long] for z in doc.long] == []",
	"sum(1 for a in doc.long for b in doc.long) == 5",
	"[g for a in [[1,1]] for b in [[a,a]] for c in [[b,b]] for d in [[c,c]] for e in [[d,d]] for f in [[e,e]]"
	" for g in [[f,f]] for h in [[g,g]] for i in [[h,h]] for j in [[i,i]] for k in [[j,j]] for l in [[k,k]]"
	" for m in [[l,l]] for n in [[m,m]] for o in [[n,n]] for p in [[o,o]] for q in [[p,p]] for r in [[q,q]]"
	" for s in [[r,r]] for t in [[s,s]] for u in [[t,t]] for v in [[u,u]] for w in [[v,v]] if w == [w, w]]",
	"'%1000000000d' % 3 == ''",
	"'%(name)1000000000s' % doc",
	"'%.*f' % (1000000000, 1.0)",
	"'%((a)b)999999999d' % {'(a)b': 1} == ''",
	"'%((a)b).999999999d' % {'(a)b': 1} == ''",
	f"'%({_KEY})999999999d' % {{'{_KEY}': 1}} == ''",
	"'%(\n)999999999d' % {'\n': 1} == ''",
	"'%999999999%' % () == ''",
	"'%s' % ([doc.long] * 2000) == ''",
	"('%a' * 2000) % tuple([doc.letters] * 2000) == ''",
	"'%a' % (doc.letters * 2) == ''",
	"('%f' * 9000) % doc == ''",
	"'{:1000000000}'.format(1) == ''",
	"('ѡ' * 190000).strip('ա' * 190000 + 'ѡ') == ''",
	"('ѡ' * 190000).lstrip('ա' * 190000 + 'ѡ') == ''",
	"('ѡ' * 190000).rstrip('ա' * 190000 + 'ѡ') == ''",
	"('a' * 190000).rfind('a' * 90000 + 'b' + 'a' * 90000) == 1",
	"('a' * 190000).rsplit('a' * 90000 + 'b' + 'a' * 90000) == []",
	"('a' * 190000).rpartition('a' * 90000 + 'b' + 'a' * 90000) == []",
	"any('a' * 1200 + 'b' + 'a' * 1200 in 'a' * 2499 for row in doc.rows)",
	"'{0:{1}}'.format(1, 1000000000) == ''",
	"'{0.__class__.__mro__}'.format(doc)",
	"('{0}' * 50000).format(doc.long) == ''",
	"doc.long.replace('', doc.long) == ''",
	"doc.long.replace('a', doc.long).replace('a', doc.long) == ''",
	"doc.long.join([doc.long, doc.long, doc.long, doc.long]) == ''",
	"doc.long.center(1000000000) == ''",
	"doc.long.zfill(1000000000) == ''",
	"'\\t'.expandtabs(1000000000) == ''",
	"int('9' * 1000000) > 3",
	"int(doc.long) > 3",
	"round(3, -1000000000) == 3",
	"(lambda f: f(f))(lambda f: f(f))",
	"(x := 9) and (x := x * x)",
	"().__class__.__base__.__subclasses__()",
	"doc.db_set('priority', 'Low')",
	"doc.__class__.__init__.__globals__",
	"doc.subject.__class__",
	"getattr(doc, 'name')",
	"__import__('time').sleep(60)",
	"frappe.db.sql('select 1')",
	"f'{9**9**9}'",
	"f'{1:1000000000}'",
	"doc.subject.format_map(doc)",
	"max([[doc.long] * 500] * 500, [[doc.long] * 500] * 500) == 1",
	"sorted(doc.rows * 100)",
	"{(doc.long, doc.long): 1} == 2",
	"(" * 5000,
	"-" * 5000 + "1",
	"not " * 1200 + "1",
	"[" * 1000 + "]" * 1000,
	"doc" + ".a" * 2400,
	"1" + "+1" * 2400,
	"9" * 5000,
	"doc.idx == " + "9" * 4000,
	"'" + "a" * 200_000 + "' == ''",
	"\ufdfa" * 5000,
	"await doc",
	"yield doc",
	"*doc",
	"doc.idx\x00",
)  # fmt: skip

TEMPLATES = (
	"{{ 9**9**9 }}",
	"{{ 9 ** ticket.idx ** 99 ** 9 }}",
	"{{ 'a' * 10**9 }}",
	"{{ 'a' * 1000000000 }}",
	"{{ ticket.long * 1000000 }}",
	"{{ [0] * 1000000000 }}",
	"{{ 1000000000 * ('a',) }}",
	"{% set x = ticket.idx %}" + "{% set x = x * x %}" * 60 + "{{ x }}",
	"{{ ticket.huge }}{{ ticket.huge * ticket.huge }}",
	"{% for a in range(10**12) %}{% endfor %}",
	"{% for a in range(1000000000000) %}{% endfor %}",
	"{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
	"{% for a in range(9999) %}{% for b in range(9999) if a == b %}x{% endfor %}{% endfor %}",
	"{% for a in ticket.long %}{% for b in ticket.long %}{{ a }}{% endfor %}{% endfor %}",
	"{% for a in range(9999) %}" + "x" * 15000 + "{% endfor %}",
	"{% for a in range(9999) %}{{ ticket.long }}{% endfor %}",
	"{% for a in range(9999) %}{{ ticket.description | striptags }}{% endfor %}",
	"{% for a in range(9999) %}{{ ticket.long | upper | title | wordcount }}{% endfor %}",
	"{% for a in range(9999) %}{{ 'zz' in ticket.long }}{{ ticket.long == ticket.long ~ 'a' }}{% endfor %}",
	"{% for a in range(9999) %}{{ ticket.rows | map(attribute='qty') | select('odd') | list | sort | sum }}{% endfor %}",
	"{% for a in range(9999) %}{% set x = ticket.long[:a * 10] %}{{ loop.length }}{% endfor %}",
	"{% for a in ticket.rows recursive %}{{ loop([a]) }}{% endfor %}",
	"{% macro m(x) %}{{ m(x) }}{{ m(x) }}{% endmacro %}{{ m(1) }}",
	"{% macro m(x) %}x{% endmacro %}{% call m(1) %}{% endcall %}",
	"{% set x = 'ab' %}" + _TWICE + "{{ x }}",
	"{% set x = 'ab' %}" + _SUM + "{{ x }}",
	"{% set x = [1] %}" + _SUM + "{{ x }}",
	"{% set x = 1 %}" + _DEEP + "{{ x }}",
	"{% set x = 1 %}" + _DEEP + "{{ x | tojson }}",
	"{% set x = 1 %}" + _DEEP + "{{ x == [x, x] }}",
	"{% set x = 1 %}" + _DEEP + "{{ x | join }}{{ x | string }}{{ x | e }}{{ x | list | unique | list }}",
	"{% set x = 1 %}" + _DEEP + "{{ '%s' % x }}",
	"{% set x = 1 %}" + _DEEP + "{{ '{0}'.format(x) }}{{ _(x) }}",
	"{% set x = 1 %}" + _TUPLES + "{{ {x: 1} }}",
	"{% set x = 1 %}" + _TUPLES + "{{ {}.get(x) }}{{ {}[x] }}{{ x in {} }}",
	"{% set ns = namespace(x='ab') %}{% for a in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
	"{% set ns = namespace(x=[]) %}{% for a in range(999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
	"{% set x %}{% for a in range(999) %}{{ ticket.long }}{% endfor %}{% endset %}{{ x }}",
	"{% filter upper %}{% for a in range(999) %}{{ ticket.long }}{% endfor %}{% endfilter %}",
	"{{ 'a' | center(1000000000) }}",
	"{{ ['a'] | map('center', 1000000000) | join }}",
	"{{ 'a\nb' | indent(1000000000) }}",
	"{{ 'a\nb' | indent('x' * 100000) }}{{ ticket.long | replace('b', '\n') | indent(40) }}",
	"{{ '%1000000000d' | format(3) }}",
	"{{ '%1000000000d' % 3 }}",
	"{{ '%(name)1000000000s' | format(name=1) }}",
	"{{ '%((a)b)999999999d' % {'(a)b': 1} }}",
	"{{ '%((a)b).999999999d' | format(**{'(a)b': 1}) }}",
	f"{{{{ '%({_KEY})999999999d' | format({_KEY}=1) }}}}",
	"{{ '%s' % ([ticket.long] * 2000) }}",
	"{% set x = ticket.long | list %}{{ x | string | length }}{{ x | trim }}{{ x | replace('a', 'b') }}",
	"{% for n in range(999) %}{{ ([ticket.long] * 2000) | trim }}{% endfor %}",
	"{{ ([ticket.long] * 2000) | replace('a', 'b') }}",
	"{{ ([ticket.long] * 2000) | indent }}",
	"{{ ([ticket.long] * 2000) | format }}",
	"{{ ('ѡ' * 190000) | trim('ա' * 190000 ~ 'ѡ') }}",
	"{{ ('ѡ' * 190000).strip('ա' * 190000 ~ 'ѡ') }}",
	"{{ ('a' * 190000).rfind('a' * 90000 ~ 'b' ~ 'a' * 90000) }}",
	"{% set ns = namespace(x=1) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns }}",
	"{% set ns = namespace(x=1) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ '%s' % ns }}{{ ns ~ ns }}",
	"{% for i in range(1500) %}{{ _('a', lang=i | string) }}{% endfor %}",
	"{% for i in range(1500) %}{{ _('a', i | string, i | string) }}{% endfor %}",
	"{% for i in range(9999) %}{{ _('<' * 999) }}{% endfor %}",
	"{% for i in range(9999) %}{{ _('<b a=' * 199) }}{% endfor %}",
	"{% for i in range(9999) %}{{ format_date('2026-11-28', ('y' * 40) ~ i) }}{% endfor %}",
	"{% for i in range(9999) %}{{ format_datetime('1:1 ' * 200) }}{% endfor %}",
	"{% for i in range(9999) %}{{ format_date('1 1 ' * 200) }}{% endfor %}",
	"{% for i in range(9999) %}{{ format_duration('1' * 900) }}{% endfor %}",
	"{{ '{:1000000000}'.format(1) }}",
	"{{ '{0:{1}}'.format(1, 1000000000) }}",
	"{{ '{0.__class__.__mro__}'.format(ticket) }}",
	"{{ ticket.long | replace('', ticket.long) }}",
	"{{ ticket.long | replace('a', ticket.long) | replace('a', ticket.long) }}",
	"{{ ticket.long.replace('a', ticket.long) }}",
	"{{ [ticket.long, ticket.long, ticket.long] | join(ticket.long) }}",
	"{{ 3 | round(1000000000, 'floor') }}",
	"{{ [1] | tojson(indent=1000000000) }}",
	"{{ ticket.rows | batch(1000000000, 'x') | list }}",
	"{{ ticket.rows | slice(1000000000) | list }}",
	"{{ ticket.description | urlize }}{{ ticket.description | wordwrap(1) }}",
	"{{ ticket.long | int(base=36) }}",
	"{{ lipsum(100000) }}",
	"{{ dict(a=1).update }}{{ [].append(1) }}",
	"{{ cycler('a').next() }}",
	"{{ ''.__class__.__mro__ }}{{ ticket.__class__ }}{{ ticket._doc }}",
	"{{ ticket | attr('__class__') }}",
	"{{ _.__globals__ }}{{ range.__globals__ }}{{ joiner.__init__.__globals__ }}",
	"{{ self.__init__ }}",
	"{{ format_datetime('1' * 100000) }}",
	"{{ format_datetime(ticket.creation, 'y' * 100000) }}",
	"{{ format_duration(10 ** 30) }}{{ format_duration(9999999999999999999999999999) }}",
	"{{ ticket.creation.strftime('%Y' * 10000) }}",
	"{% include 'escalation_mgmt/templates/phone.html' %}",
	"{% extends 'x' %}",
	"{% import 'x' as y %}",
	"{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
	"{{ " + "-" * 10000 + "1 }}",
	"{{ " + "not " * 4000 + "1 }}",
	"{{ " + "[" * 1000 + "]" * 1000 + " }}",
	"{{ ticket" + ".a" * 9000 + " }}",
	"{{ 1" + "+1" * 9000 + " }}",
	"{{ " + "9" * 6000 + " }}",
	"{% if 1 %}" * 1500 + "{% endif %}" * 1500,
	"{% for a in range(2) %}" * 60 + "x" + "{% endfor %}" * 60,
	"{{" * 9000,
	"{%" * 9000,
	"{#" * 9000,
	"{% raw %}" + "{{" * 9000,
	"x" * 5_000_000,
)  # fmt: skip


def _conditions() -> Iterator[tuple[str, Callable[[], Any]]]:
	from escalation_mgmt.facts import conditions

	for expression in CONDITIONS:
		yield (
			expression,
			lambda expression=expression: (
				conditions.fields_in(expression),
				conditions.evaluate_condition(expression, TICKET),
			),
		)


def _templates() -> Iterator[tuple[str, Callable[[], Any]]]:
	from escalation_mgmt.delivery import messages
	from escalation_mgmt.engine import Ticket
	from escalation_mgmt.utils.templating import render

	view = messages.TicketView(Ticket(doctype="", name="7", subject="Server outage"), doc=TICKET)
	for template in TEMPLATES:
		yield (
			template,
			lambda template=template: (
				list(messages.placeholders_wrong(template, "")),
				render(template, {"ticket": view}),
			),
		)


def main(site: str, sites_path: str) -> None:
	import frappe

	frappe.init(site, sites_path=sites_path)
	frappe.connect()
	resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
	for kind in (_conditions, _templates):
		for text, run in kind():
			print(json.dumps({"runs": text[:100]}), flush=True)
			started = time.process_time()
			try:
				ended = repr(run())[:100]
			except Exception as e:
				ended = f"{type(e).__name__}: {e}"[:200]
			took = time.process_time() - started
			print(json.dumps({"text": text[:100], "took": took, "ended": ended}), flush=True)


if __name__ == "__main__":
	main(*sys.argv[1:])
