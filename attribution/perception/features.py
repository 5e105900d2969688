"""The verb features: what a general network sees in images."""

import os

from attribution.perception import weights
from sources.contract import atomic, command, events, methods


def features(arguments):
    """Write EfficientNet-Lite0's pooled features of every image of the sets given, row after row.

    features.npy    float32 (N, 1280)
    features.json   the network, and the sets in their order, which is that of the rows. It appears last
    """
    sets = methods.Sets(arguments.images, arguments.first, arguments.count)
    from attribution import feeding  # late: it takes seconds to load TensorFlow, and good input
    from attribution.perception import device, efficientnet

    device.choose(arguments.device)
    network = efficientnet.EfficientNet(weights.efficientnet())
    atomic.make_folder(arguments.out)
    total, done = sum(map(len, sets.rows)), 0
    progress = events.Progress(total)
    with methods.Arrays(arguments.out, total) as files:
        for block, count in (pair for rows in sets.rows for pair in feeding.blocks(rows)):
            files.append({"features": network.features(block).numpy()[:count]})
            done += count
            progress.step(done, count)
    atomic.write_json(os.path.join(arguments.out, "features.json"), {
        "network": efficientnet.NAME, "weights_sha256": weights.EFFICIENTNET.sha256,
        "sets": sets.index, "made_by": command.made_by(**device.VERSIONS)})
    events.done(out=arguments.out)
