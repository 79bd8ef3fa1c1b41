import threading

import pytest

from host.providers.inbox import Inbox, find_links


def inbox_with(*subjects: str) -> Inbox:
	inbox = Inbox()
	for subject in subjects:
		inbox.add(method="Email", to="ada@example.com", subject=subject)
	return inbox


def test_takes_the_oldest_that_fits_once():
	inbox = inbox_with("first", "second")
	assert inbox.expect(method="Email", to="Ada@Example.com").subject == "first"
	assert inbox.expect(contains="second").subject == "second"
	inbox.assert_empty()
	with pytest.raises(AssertionError, match="2 were taken before"):
		inbox.expect(method="Email")


def test_a_failed_expectation_lists_what_is_there():
	inbox = inbox_with("Server down")
	with pytest.raises(AssertionError) as error:
		inbox.expect(method="HTTP POST", to="ops")
	assert "method 'HTTP POST', to 'ops'" in str(error.value)
	assert "#1 Email to ada@example.com: Server down" in str(error.value)


def test_what_nobody_took_fails_the_scenario():
	inbox = inbox_with("asked for", "a surprise")
	inbox.expect(contains="asked for")
	assert [message.subject for message in inbox.unexpected()] == ["a surprise"]
	with pytest.raises(AssertionError, match="a surprise"):
		inbox.assert_empty()
	assert [message.subject for message in inbox.take_all()] == ["a surprise"]
	inbox.assert_empty()


def test_a_forged_message_is_expected_only_by_name():
	inbox = Inbox()
	inbox.add(method="HTTP POST", to="ops", body={}, verified=False)
	with pytest.raises(AssertionError, match="BAD SIGNATURE"):
		inbox.expect(method="HTTP POST")
	assert inbox.expect(method="HTTP POST", verified=False).seq == 1


def test_waits_for_what_arrives_later():
	inbox = Inbox()
	threading.Timer(0.05, lambda: inbox.add(method="SMS", to="+15005550006", text="down")).start()
	(message,) = inbox.wait_for(timeout=5, method="SMS")
	assert inbox.expect(contains="down") is message
	with pytest.raises(AssertionError, match="Fewer than 2"):
		inbox.wait_for(2, timeout=0.01)


def test_every_message_of_many_threads_has_its_own_number():
	inbox = Inbox()
	threads = [
		threading.Thread(target=lambda: [inbox.add(method="SMS", to="x") for _ in range(100)])
		for _ in range(8)
	]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	assert [message.seq for message in inbox.messages()] == list(range(1, 801))
	taken = [inbox.expect().seq for _ in range(800)]
	assert len(set(taken)) == 800


def test_numbers_go_on_after_clearing():
	inbox = inbox_with("one", "two")
	inbox.clear()
	assert inbox.span() == (3, 2)
	assert inbox.add(method="Email", to="x").seq == 3
	assert inbox.span() == (3, 3)


def test_instants_are_utc_and_monotonic():
	inbox = inbox_with("one", "two")
	one, two = inbox.messages()
	assert one.received_at.utcoffset().total_seconds() == 0
	assert one.received_monotonic <= two.received_monotonic


@pytest.mark.parametrize(
	("text", "html", "body", "links"),
	[
		("Press https://a.example/x?t=1.", "", None, ("https://a.example/x?t=1",)),
		("(see http://a.example/b_(c)), now", "", None, ("http://a.example/b_(c)",)),
		("<https://a.example>", "", None, ("https://a.example",)),
		("", '<a href="https://a.example/?a=1&amp;b=2">x</a>', None, ("https://a.example/?a=1&b=2",)),
		("https://a.example/1", '<A HREF=" https://a.example/1 ">x</A>', None, ("https://a.example/1",)),
		("", '<a href="javascript:alert(1)">x</a><a href="/relative">y</a>', None, ()),
		("", "", {"a": [{"url": "https://a.example/1"}], "n": 1}, ("https://a.example/1",)),
		("https:// http://[ https://", "<a href='http://['>", None, ()),
		("", "<a href='https://a.example/1'>x</a><![x[<!--", None, ("https://a.example/1",)),
	],
)
def test_links(text, html, body, links):
	assert find_links(text, html, body) == links


def test_a_body_nested_a_thousand_deep_has_its_links_found():
	body = "https://a.example/deep"
	for _ in range(5000):
		body = [body]
	assert find_links("", "", body) == ("https://a.example/deep",)
