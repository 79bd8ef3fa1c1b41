"""The benchmarks' own pieces: a receiver that counts, rounds that are void, a table that says what is wrong."""

import urllib.request

import pytest

from benchmarks import burst, flood, measure, site
from benchmarks.measure import Figure, in_rounds, print_table, sink


def post(url: str, id: str) -> None:
	request = urllib.request.Request(url, data=b"{}", headers={"webhook-id": id}, method="POST")
	urllib.request.urlopen(request, timeout=10).close()


def test_the_sink_counts_by_id() -> None:
	with sink() as receiver:
		for id in ("a", "b", "a"):
			post(receiver.url, id)
		seen = receiver.count()
		assert (seen["received"], seen["distinct"]) == (3, 2)
		assert {id: len(times) for id, times in receiver.all().items()} == {"a": 2, "b": 1}
		receiver.forget()
		assert receiver.count()["received"] == 0


@pytest.mark.parametrize("method", [site.HTTP_POST, site.SMS])
def test_the_flood_is_taken_whole(method: str) -> None:
	with sink() as receiver:
		path, headers, body = burst.request_by(method)
		requests = [flood.request(path, body(str(n)), {**headers, "webhook-id": str(n)}) for n in range(1000)]
		assert flood.capacity(receiver.port, requests) > 0
		seen = receiver.count()
		assert seen["received"] == seen["distinct"] == 1000


def test_rounds_rotate_the_first_is_dropped_and_void_ones_are_not_counted() -> None:
	order: list[str] = []

	def run(name: str, seconds: float):
		return lambda: order.append(name) or seconds

	capacities = iter([100.0, 100.0, 29.0, *[100.0] * 10])
	found, void = in_rounds(
		{"ours": run("ours", 2.0), "floor": run("floor", 1.0)}, lambda: next(capacities), 10
	)
	assert void == 1
	assert found == {"ours": [2.0] * measure.ROUNDS, "floor": [1.0] * measure.ROUNDS}
	assert order[:4] == ["floor", "ours", "ours", "floor"]
	assert len(order) == 2 * (1 + measure.ROUNDS + void)


@pytest.mark.parametrize(
	("figure", "status"),
	[
		(Figure(name="right", value="1", goal="<= 2"), 0),
		(Figure(name="without a goal", value="1"), 0),
		(Figure(name="too slow on this machine", value="3", goal="<= 2", met=False), 0),
		(Figure(name="too slow on any", value="3", goal="<= 2", met=False, ratio=True), 1),
		(Figure(name="lost", value="5 of 6", right=False), 1),
	],
)
def test_the_table_leaves_with_one_where_something_is_wrong(figure: Figure, status: int, capsys) -> None:
	assert print_table([Figure(name="another", value="0"), figure]) == status
	assert figure.name in capsys.readouterr().out
