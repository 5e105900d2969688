"""SIGTERM and Ctrl-C: finish the step, bring the work to disk, then end."""

import signal

from .errors import Stopped


class Stop(object):
    """While this context lasts, SIGTERM and SIGINT are noted instead of killing the process.

    They go on to be noted where it ends with Stopped: a second one does not disturb the end of the process.
    """

    def __init__(self):
        self.requested = False
        self._previous = {}

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Stopped):
            return
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def check(self, save):
        """If a stop was requested, call `save` and raise Stopped."""
        if self.requested:
            save()
            raise Stopped("stopped; the same command continues from here")

    def _note(self, number, frame):
        self.requested = True
