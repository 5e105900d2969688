"""A trained or imported model at work: uint8 images in, scores and fingerprints out."""

from attribution import feeding, openset


def outputs(network, weights, images):
    """Yield what `network` says of `images`, uint8 (N, R, R, 3), a block of n at a time.

    network: of inference_onnx.py or inference_tensorflow.py. weights: {name: array}, its model's.
    {"scores": float32 (n, labels)}; of a classifier "features", (n, D), what its last layer makes
    them of; with "maps", (n, labels, h, w), of a fully convolutional head, whose average the scores
    are; "fingerprints", if they are wanted, (n, 3, R, R): image - reconstruction. Of a model that
    can tell it "familiarity", (n,): how well it knows such images.
    """
    known = openset.Known(weights[openset.REFERENCES]) if openset.REFERENCES in weights else None
    for block, count in feeding.blocks(images, network.block):
        said = {name: values[:count] for name, values in network.compute(block).items()}
        if known is not None:
            said["familiarity"] = known.familiarity(said["features"])
        yield said
