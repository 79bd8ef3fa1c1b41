"""Scenarios 2, 5, 6, 8, 9: time."""

from datetime import timedelta

from tests.world import World

FIVE_MINUTES = timedelta(minutes=5)


def test_2_answered_inside_the_window_sends_nothing(world: World) -> None:
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.forward(9)
	world.reply(ticket)
	item = world.item(ticket)
	assert item.status == "Resolved" and item.due_utc is None
	world.forward(60)
	assert world.messages(item) == []


def test_5_each_step_at_its_time_exactly_once(world: World) -> None:
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.forward(10, seconds=-1)
	assert world.messages(world.item(ticket)) == []
	world.forward(seconds=1)
	world.expect_email("tech@x.test", "Server outage")
	world.tick()
	world.forward(5, seconds=-1)
	world.forward(seconds=1)
	world.expect_email("lead@x.test")
	world.tick()
	item = world.item(ticket)
	assert item.status == "Escalating" and item.progress == "2 / 2"
	assert [m.status for m in world.messages(item)] == ["Sent", "Sent"]


def test_6_after_an_outage_one_step_on_return(world: World) -> None:
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"), (5, "Email", "User", "second@x.test"))
	ticket = world.ticket()
	world.wait(10 + 5 + 5)
	world.forward(2)
	world.expect_email("tech@x.test")
	item = world.item(ticket)
	assert item.due_utc == world.now + FIVE_MINUTES
	row = world.report(ticket=ticket.name)[0]
	assert row["lateness"] == 12 * 60
	assert "12m late" in world.lines(item)
	world.forward(5, seconds=-1)
	world.forward(seconds=1)
	world.expect_email("lead@x.test")
	assert world.report(ticket=ticket.name)[1]["lateness"] == 0


def test_8_steps_without_a_wait_go_out_together_in_order(world: World) -> None:
	world.endpoint()
	world.plan((0, "Email"), (0, "HTTP POST", "Endpoint", "Pager"), (0, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.forward(10)
	for to in ("tech@x.test", "lead@x.test"):
		world.expect_email(to)
	world.expect_page()
	item = world.item(ticket)
	assert item.version == 2  # opened 0, assigned 1, one claim for all three
	assert [m.step for m in world.messages(item)] == [1, 2, 3]
	assert world.kinds(item).count("Step Ran") == 3


def test_9_repeats_then_the_last_wait_then_exhausted_and_told_once(world: World) -> None:
	world.plan((0, "Email"), repeats=2, repeat_pause=420, last_wait=180, start="At Once")
	ticket = world.ticket()
	world.tick()
	link = world.expect_email("tech@x.test").links[0]
	for _run in range(2):
		world.forward(7, seconds=-1)
		world.forward(seconds=1)
		link = world.expect_email("tech@x.test").links[0]
	world.forward(3)
	item = world.item(ticket)
	assert item.status == "Exhausted" and item.ended_utc == world.now
	world.expect_email("owner@x.test", "Nobody acknowledged")
	world.forward(600)
	assert world.post(link).status_code == 200
	item = world.item(ticket)
	assert item.status == "Acknowledged" and item.acknowledged_by == "Tina Tech"
	assert "after the last wait" in world.lines(item)
	world.tick()
