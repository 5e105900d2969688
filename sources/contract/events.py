"""Events: progress on standard output, one JSON object a line. Human text goes to standard error."""

import json
import resource
import sys
import time

from .text import for_json


def emit(event, **fields):
    """Write one event, `{"event": event, ...}`, and flush it."""
    sys.stdout.write(json.dumps(for_json(dict(fields, event=event)), sort_keys=True) + "\n")
    sys.stdout.flush()


def log(message):
    """Say what is being done."""
    emit("log", message=message)


def warning(message):
    """Say what the user should know though the work goes on."""
    emit("warning", message=message)


def done(**fields):
    """Say that the work has ended well, and what it took of memory (bytes, at its peak) and of all cores together."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    emit("done", peak_memory=used.ru_maxrss << 10, cpu_seconds=round(used.ru_utime + used.ru_stime, 2), **fields)


class Progress(object):
    """Progress events: of the first step, then at most one every `interval` seconds, and always of the last.

    total: steps of the whole work.
    """

    def __init__(self, total, interval=1.0):
        self.total = total
        self.interval = interval
        self.images = 0
        self.began = time.time()
        self.spoke = 0.0

    def step(self, step, images=0, losses=None):
        """Count `images` more images; speak if it is time. step: steps done so far, 1 to total."""
        self.images += images
        now = time.time()
        if now - self.spoke < self.interval and step != self.total:
            return
        self.spoke = now
        fields = {"step": step, "total": self.total}
        if self.images:
            fields["images_per_second"] = round(self.images / max(now - self.began, 1e-9), 2)
        if losses:
            fields["losses"] = {name: float(value) for name, value in losses.items()}
        emit("progress", **fields)
