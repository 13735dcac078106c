"""Turns at the cores: fair between visitors, with a place in line, and given up at once."""

from __future__ import annotations

from threading import Event, Thread

from dashboard.core.fair_queue import FairQueue, Turn

NEVER = Event()
WAIT_S = 60


def works(turn: Turn) -> Turn:
    """Waits for the turn, which must come."""
    thread = Thread(target=turn.wait, args=(NEVER,), daemon=True)
    thread.start()
    thread.join(WAIT_S)
    assert turn.since is not None
    return turn


def test_a_visitor_with_many_pieces_gets_no_more_turns_than_one_with_a_single_piece():
    turns = FairQueue()
    first = works(turns.join("a"))
    others = [turns.join("a") for _ in range(3)]
    late = turns.join("b")
    assert [one.position for one in (first, late, *others)] == [0, 1, 2, 3, 4]
    first.end()
    works(late).end()
    for one in others:
        works(one).end()
    assert turns.waiting == []
    assert turns.working is None


def test_the_line_alternates_between_visitors():
    turns = FairQueue()
    lines = {who: [turns.join(who) for _ in range(2)] for who in "abc"}
    assert turns.line() == [lines[who][number] for number in range(2) for who in "abc"]


def test_long_work_gives_way_between_two_steps_and_goes_on_afterwards():
    turns = FairQueue(slice_s=0)
    long, short = works(turns.join("a")), turns.join("b")
    step = Thread(target=long.step, args=(NEVER,), daemon=True)
    step.start()
    works(short)
    assert long.position == 1
    short.end()
    step.join(WAIT_S)
    assert long.since is not None


def test_work_keeps_its_turn_within_its_slice_and_where_nobody_waits():
    turns = FairQueue(slice_s=1000)
    long = works(turns.join("a"))
    turns.join("b")
    began = long.since
    long.step(NEVER)
    assert long.since == began
    alone = works(FairQueue(slice_s=0).join("a"))
    began = alone.since
    alone.step(NEVER)
    assert alone.since == began


def test_three_long_pieces_share_the_turns_evenly():
    turns, order, ends = FairQueue(slice_s=0), [], 30
    places = {who: turns.join(who) for who in "abc"}

    def work(who: str) -> None:
        places[who].wait(NEVER)
        for _ in range(ends):
            order.append(who)
            places[who].step(NEVER)
        places[who].end()

    threads = [Thread(target=work, args=(who,), daemon=True) for who in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert order == ["a", "b", "c"] * ends


def test_who_stops_waiting_leaves_the_line():
    turns, stop = FairQueue(), Event()
    working, waiting, behind = works(turns.join("a")), turns.join("b"), turns.join("c")
    thread = Thread(target=waiting.wait, args=(stop,), daemon=True)
    thread.start()
    stop.set()
    turns.wake()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    waiting.end()
    assert behind.position == 1
    working.end()
    works(behind)
