"""What the snapshots hold: keys and shapes, for each size of network. No Chainer.

Generators begin with `TOP` times the width in channels and go through up blocks of the widths listed; the
discriminators mirror them. 128 and 64 are the published architectures; 32 leaves out one more block.
"""

TOP = {32: 8, 64: 16, 128: 16}
UP = {32: (4, 2, 1), 64: (8, 4, 2, 1), 128: (16, 8, 4, 2, 1)}
DOWN = {32: (1, 2, 4, 8), 64: (1, 2, 4, 8, 16), 128: (1, 2, 4, 8, 16, 16)}  # 128 ends with a block that keeps its size


def generator_shapes(size, width, latent_size, classes, bottom_width):
    """{key: shape} of a generator. size: 32, 64 or 128, which network it is."""
    channels = TOP[size] * width
    shapes = {"l1/W": (channels * bottom_width ** 2, latent_size), "l1/b": (channels * bottom_width ** 2,)}
    for number, factor in enumerate(UP[size], 2):
        into, out = channels, factor * width
        block = "block%d/" % number
        shapes.update(_convolution(block + "c1", into, out, 3))
        shapes.update(_convolution(block + "c2", out, out, 3))
        shapes.update(_convolution(block + "c_sc", into, out, 1))
        shapes.update(_norm(block + "b1", into, classes))
        shapes.update(_norm(block + "b2", out, classes))
        channels = out
    last = len(UP[size]) + 2
    shapes.update(_norm("b%d" % last, width, 0))
    shapes.update(_convolution("l%d" % last, width, 3, 3))
    return shapes


def discriminator_shapes(size, width, classes):
    """{key: shape} of a discriminator."""
    shapes, into = {}, 3
    for number, factor in enumerate(DOWN[size], 1):
        out = factor * width
        block = "block%d/" % number
        hidden = out if number == 1 else into
        shapes.update(_normalised(block + "c1", into, hidden, 3))
        shapes.update(_normalised(block + "c2", hidden, out, 3))
        if into != out:
            shapes.update(_normalised(block + "c_sc", into, out, 1))
        into = out
    last = "l%d/" % (len(DOWN[size]) + 1)
    shapes.update({last + "W": (1, into), last + "b": (1,), last + "u": (1, 1)})
    if classes:
        shapes.update({"l_y/W": (classes, into), "l_y/u": (1, classes)})
    return shapes


def _convolution(name, into, out, side):
    return {name + "/W": (out, into, side, side), name + "/b": (out,)}


def _normalised(name, into, out, side):
    return dict(_convolution(name, into, out, side), **{name + "/u": (1, out)})


def _norm(name, channels, classes):
    shapes = {name + "/avg_mean": (channels,), name + "/avg_var": (channels,), name + "/N": ()}
    if classes:
        shapes.update({name + "/gammas/W": (classes, channels), name + "/betas/W": (classes, channels)})
    else:
        shapes.update({name + "/gamma": (channels,), name + "/beta": (channels,)})
    return shapes
