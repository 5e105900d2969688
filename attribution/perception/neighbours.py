"""Exact nearest neighbours among any number of images, in constant memory.

The squared distances of vectors a and b are |a|^2 + |b|^2 - 2ab, whose last term is a product of
matrices. Some images are turned into vectors, as many as MEMORY has room for; then the reference
passes by, block after block. Of the nearest one the difference itself is taken, in which there is
no cancellation: equal images have distance 0.
"""

import numpy as np
import tensorflow as tf

from attribution import feeding
from sources.contract import events

MEMORY = 1 << 29  # bytes of vectors that are compared with the reference at once
_BLOCK = 64       # images of the reference that they are compared with at once


def search(network, images, reference):
    """Yield float32 distances of `images` to the nearest of `reference`, in order, some at a time.

    network: has embed(uint8 (n, R, R, 3)) -> float32 (n, D). images, reference: memory maps.
    """
    size = _at_once(network, images)
    starts, blocks = range(0, len(images), size), -(-len(reference) // _BLOCK)
    progress = events.Progress(len(starts) * blocks)
    for number, start in enumerate(starts):
        vectors = tf.concat([network.embed(block)[:count] for block, count in
                             feeding.blocks(images[start:start + size], _BLOCK)], axis=0)
        places = _nearest(network, vectors, reference, progress, number * blocks)
        yield _distances(network, vectors, reference[places])


def _at_once(network, images):
    """How many images there is memory for: some whole blocks."""
    block, _ = next(feeding.blocks(images[:1], _BLOCK))
    _, numbers = network.embed(block).shape
    return max(MEMORY // (4 * numbers * _BLOCK), 1) * _BLOCK


def _nearest(network, vectors, reference, progress, done):
    """The place in `reference` of the nearest neighbour of every vector, int64 (n,)."""
    least, places = np.full(len(vectors), np.inf, np.float32), np.zeros(len(vectors), np.int64)
    for number, (block, count) in enumerate(feeding.blocks(reference, _BLOCK)):
        found, place = (part.numpy() for part in _compare(vectors, network.embed(block)))
        closer = found < least
        least[closer] = found[closer]
        # A last block that is not full repeats its images.
        places[closer] = number * _BLOCK + place[closer] % count
        progress.step(done + number + 1, count)
    return places


@tf.function(autograph=False)
def _compare(vectors, others):
    """The least of |b|^2 - 2ab over `others`, and its place: |a|^2 changes neither."""
    squares = tf.reduce_sum(others ** 2, axis=1) - 2 * tf.matmul(vectors, others, transpose_b=True)
    return tf.reduce_min(squares, axis=1), tf.argmin(squares, axis=1)


def _distances(network, vectors, neighbours):
    """The distance of each vector to that of its neighbour, an image: float32 (n,)."""
    found, start = [], 0
    for block, count in feeding.blocks(neighbours, _BLOCK):
        differences = vectors[start:start + count] - network.embed(block)[:count]
        found.append(tf.reduce_sum(differences ** 2, axis=1).numpy())
        start += count
    return np.concatenate(found)
