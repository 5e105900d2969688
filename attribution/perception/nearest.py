"""The verb nearest: how far each image looks from the one of a reference that looks most like it."""

import os

from attribution.perception import weights
from sources.contract import atomic, command, events, imagesets, methods
from sources.contract.errors import BadInput


def nearest(arguments):
    """Write the LPIPS distance of every image to its nearest neighbour in the reference.

    distances.npy    float32 (N,), each 0 or more; 0 where the reference has the same image
    distances.json   the network, and which images were compared. It appears last
    """
    images, index = _rows("--images", arguments.images, arguments.first, arguments.count)
    reference, other = _rows("--reference", arguments.reference, 0, arguments.reference_count)
    if images.shape[1:] != reference.shape[1:]:
        raise BadInput(f"--reference {arguments.reference}: {reference.shape[1]} pixels, but those "
                       f"of --images have {images.shape[1]}; give it images of one size")
    from attribution.perception import device, lpips, neighbours  # late: they load TensorFlow

    device.choose(arguments.device)
    atomic.make_folder(arguments.out)
    with methods.Arrays(arguments.out, len(images)) as files:
        for distances in neighbours.search(lpips.Lpips(weights.alexnet()), images, reference):
            files.append({"distances": distances})
    atomic.write_json(os.path.join(arguments.out, "distances.json"), {
        "network": lpips.NAME, "weights_sha256": weights.ALEXNET.sha256, "images": index,
        "reference": other, "made_by": command.made_by(**device.VERSIONS)})
    events.done(out=arguments.out)


def _rows(option, folder, first, count):
    """Some images of a set, and what they are. Raises BadInput if they are not there."""
    found = imagesets.read(folder)
    if found.count < first + (count or 1):
        raise BadInput(f"{option} {folder}: has {found.count} images, {first + (count or 1)} are "
                       "needed")
    rows = found.images[first:][:count]
    return rows, {"first": first, "count": len(rows), "sha256": found.index["sha256"]}
