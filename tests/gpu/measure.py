"""What a room does on a device: the same bits twice, how fast, with how much memory. Python 2.7 and 3.

python tests/gpu/measure.py IMAGE DEVICE SIZE PRECISION, inside the room; prints one JSON object:

framework          its name
same_bits          whether two trainings from one seed gave the same weights
training           images_per_second, batches read and brought ahead; operations: floating-point ones of convolutions
                   and products for one image, forward and backward; share: of the peak that they are, at that speed
generation         the same, the next block made while one is finished, and same_bits of two generations; of the image
                   attribution: of classifying. In float32
peak               operations_per_second of a product of large matrices in this precision; bytes_per_second of a copy,
                   read and written
memory             bytes of the device that training had at most; on a CPU, of the whole process
"""

from __future__ import division, print_function

import contextlib
import itertools
import json
import sys
import time

import frameworks
import numpy as np
import rooms

from sources.contract import command
from sources.contract.ahead import Ahead, ahead

STEPS = 3  # of the trainings whose bits are compared
SIZES = {  # seconds that each figure is measured for, at least; the side of the matrices; bytes that are copied
    "published": {"seconds": 10.0, "side": 8192, "bytes": 1 << 30},
    "small": {"seconds": 0.1, "side": 256, "bytes": 1 << 22},
}


def seconds_of(call, least):
    """Seconds that call(number) takes, number 0, 1 ...: the mean of so many that they take `least` seconds together.

    What the last one returns becomes a float when all have been started, which waits for an accelerator.
    """
    float(call(0))
    first, count = 1, 1
    while True:
        began = time.time()
        for number in range(first, first + count):
            last = call(number)
        float(last)
        took = time.time() - began
        if took >= least:
            return took / count
        first, count = first + count, 2 * count


def peak(framework, size):
    """What the device can do at most, as this framework asks it."""
    product, copy = framework.peak(size["side"]), framework.copy(size["bytes"])
    return {"operations_per_second": 2.0 * size["side"] ** 3 / seconds_of(product, size["seconds"] / 4),
            "bytes_per_second": 2.0 * size["bytes"] / seconds_of(copy, size["seconds"] / 4)}


def trained(work):
    """A trainer after STEPS steps."""
    trainer = work.new_trainer()
    for number in range(work.step, work.step + STEPS):
        trainer.step(number, work.batches)
    return trainer


def training(work, trainer, size):
    """Images that it learns from in a second."""
    first = work.step + STEPS
    with contextlib.closing(Ahead(work.batches, getattr(trainer, "bring", None))) as batches:
        took = seconds_of(lambda number: sum(trainer.step(first + number, batches).values()), size["seconds"])
    return trainer.images_in(first) / took


def figures(images_per_second, operations, most):
    """Of training or generation; operations: for one image. most: the peak."""
    return {"images_per_second": images_per_second, "operations": operations,
            "share": images_per_second * operations / most["operations_per_second"]}


def measure(image, device, size, precision):
    """All of it, as this file's first lines say."""
    framework, limits = frameworks.find(image)(device, precision), SIZES[size]
    work = getattr(rooms, image)(device, precision, size == "small")
    trainer, weights = trained(work), trained(work).weights()
    same = all(np.array_equal(value, weights[name]) for name, value in trainer.weights().items())
    speed, memory = training(work, trainer, limits), framework.memory()
    operations = framework.operations(lambda: trainer.step(work.step, work.batches)) / trainer.images_in(work.step)
    found = {"framework": type(framework).__name__, "same_bits": same, "memory": memory,
             "peak": peak(framework, limits)}
    found["training"] = figures(speed, operations, found["peak"])
    if precision == "float32":  # in which images are made, whatever the training had
        found["generation"] = generation(framework, work, weights, limits, found["peak"])
    return found


def generation(framework, work, weights, size, most):
    """Its figures, and whether it gives the same bits twice."""
    images_of, finish, compute = work.new_maker(weights)
    images = finish(images_of())
    with contextlib.closing(ahead(lambda number: images_of(), itertools.count())) as coming:
        took = seconds_of(lambda number: finish(next(coming)).flat[0], size["seconds"])
        same = np.array_equal(images, finish(next(coming)))
    return dict(figures(len(images) / took, framework.operations(compute) / len(images), most), same_bits=bool(same))


if __name__ == "__main__":
    command.end(lambda: print(json.dumps(measure(*sys.argv[1:]))))
