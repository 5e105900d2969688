"""Working ahead: what comes next is made by a thread while what came before is used."""

import itertools
import threading

try:
    import queue
except ImportError:  # Python 2.7
    import Queue as queue

_AHEAD = 4  # things made before they are asked for
_END = object()


def ahead(make, arguments):
    """Yield make(argument) for each of `arguments`; a thread makes the next ones meanwhile.

    What `make` raises is raised where its result would have been. Closing the generator ends the
    thread, when it has made what it is at.
    """
    asked, made = queue.Queue(), queue.Queue()
    thread = threading.Thread(target=_answer, args=(make, asked, made))
    thread.daemon = True  # a process that crashes does not wait for it
    thread.start()
    try:
        waiting = 0
        for argument in arguments:
            asked.put(argument)
            waiting += 1
            if waiting > _AHEAD:
                yield _result(made)
                waiting -= 1
        for _ in range(waiting):
            yield _result(made)
    finally:
        _forget(asked)
        asked.put(_END)
        thread.join()


class Ahead(object):
    """`batches`, anything with [number], read ahead as long as they are asked for in order.

    bring: function of a batch, such as one that brings it to a GPU; done by the thread that reads.
    """

    def __init__(self, batches, bring=None):
        self._read = (lambda number: bring(batches[number])) if bring else batches.__getitem__
        self._coming = self._next = None

    def __getitem__(self, number):
        if number != self._next:
            self.close()
            self._coming = ahead(self._read, itertools.count(number))
        self._next = number + 1
        return next(self._coming)

    def close(self):
        """End the thread."""
        if self._coming is not None:
            self._coming.close()


def _forget(asked):
    try:
        while True:
            asked.get_nowait()
    except queue.Empty:
        pass


def _answer(make, asked, made):
    for argument in iter(asked.get, _END):
        try:
            made.put((make(argument), None))
        except Exception as error:  # noqa: BLE001 - raised where the result is asked for
            made.put((None, error))


def _result(made):
    value, error = made.get()
    if error is not None:
        raise error
    return value
