"""Reading ahead: the same things in the same order, made by a thread of their own."""

import threading
import time

import pytest

from sources.contract.ahead import Ahead, ahead


def threads():
    """How many threads there are."""
    return threading.active_count()


def test_everything_comes_in_order():
    for count in (0, 1, 4, 5, 6, 50):
        assert list(ahead(lambda number: number * number, range(count))) == [
            number**2 for number in range(count)
        ]


def test_what_comes_next_is_made_meanwhile_and_no_more_than_that():
    made = []
    coming = ahead(lambda number: made.append(number) or number, range(100))
    assert next(coming) == 0
    deadline = time.time() + 10
    while len(made) < 5 and time.time() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert made == [0, 1, 2, 3, 4]


def test_it_is_made_in_another_thread():
    assert set(ahead(lambda _: threading.current_thread(), range(3))) != {
        threading.current_thread()
    }


def test_an_error_is_raised_where_its_result_would_have_been():
    coming = ahead(lambda number: 1 // (2 - number), range(10))
    assert [next(coming), next(coming)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(coming)


def test_no_thread_is_left_behind():
    before = threads()
    list(ahead(abs, range(10)))
    coming = ahead(abs, range(10))
    next(coming)
    assert threads() == before + 1
    coming.close()
    assert threads() == before


class Squares(object):
    """Batches that note which were asked for."""

    def __init__(self):
        self.asked = []

    def __getitem__(self, number):
        self.asked.append(number)
        return number**2


def test_batches_may_be_asked_for_anywhere_but_are_read_ahead_in_order():
    before, squares = threads(), Squares()
    batches = Ahead(squares)
    assert [batches[number] for number in (7, 8, 9, 3, 4, 4)] == [49, 64, 81, 9, 16, 16]
    batches.close()
    assert squares.asked[:3] == [7, 8, 9] and threads() == before
    assert squares.asked.count(9) == 1


def test_what_was_not_begun_is_not_made_any_more():
    made, may = [], threading.Event()
    coming = ahead(lambda number: made.append(number) or number == 0 or may.wait(10), range(100))
    next(coming)
    threading.Timer(0.1, may.set).start()
    coming.close()
    assert made == [0, 1]


def test_batches_are_brought_to_where_they_are_used_by_the_thread_that_reads():
    where = []
    batches = Ahead(Squares(), lambda batch: where.append(threading.current_thread()) or -batch)
    assert [batches[number] for number in (2, 3)] == [-4, -9]
    batches.close()
    assert threading.current_thread() not in where


def test_batches_that_were_never_asked_for_can_be_closed():
    before, squares = threads(), Squares()
    Ahead(squares).close()
    assert threads() == before and squares.asked == []
