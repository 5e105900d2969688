"""Several threads: order, errors, how far they go ahead, and the random numbers of each."""

import itertools
import threading

import numpy as np
import pytest

from sources.contract.batches import random_at
from sources.real.parallel import Draws, each


def test_results_come_in_order_whoever_is_first(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    later = threading.Event()

    def waits_for_the_second(item):
        assert item or later.wait(10)
        later.set()
        return item

    assert list(each(waits_for_the_second, range(20))) == list(range(20))


def test_an_error_comes_where_its_result_would_have_been():
    results = each(lambda item: 1 // (3 - item), range(9))
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_threads_are_a_few_items_ahead_and_no_more(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    asked = itertools.count()
    results = each(lambda item: next(asked), range(1000))
    next(results)
    results.close()
    assert next(asked) <= 7


def test_threads_draw_the_numbers_of_random_at_each_from_its_own():
    draws = Draws()
    for seed, stream, step in ((0, 1, 0), (7, 2, 5), (0, 1, 0)):
        expected = random_at(seed, stream, step)
        random = draws.at(seed, stream, step)
        for _ in each(lambda other: draws.at(1, 1, other).randn(3), range(8)):
            pass
        assert np.array_equal(random.randn(3), expected.randn(3))
