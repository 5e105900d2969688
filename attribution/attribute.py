"""The verb attribute: scores, and fingerprints, of images from anywhere."""

from sources.contract import events, methods, models


def attribute(arguments):
    """Write what a model says of every image of the sets given, row after row.

    scores.npy         float32 logits, (N, labels); their softmax are probabilities
    features.npy       of a classifier: the layer before the logits, float32 (N, D)
    maps.npy           of a fully convolutional head: its logits, float32 (N, labels, h, w)
    fingerprints.npy   of a visnet: image fingerprints, float32 (N, 3, R, R), image - reconstruction
    attribution.json   labels, sets, and of every image the predicted label; of a trained classifier
                       also whether the image passes its threshold, "known". It appears last
    """
    sets = methods.Sets(arguments.images, arguments.first, arguments.count)
    description, weights = models.read(arguments.model, "classifier", "visnet")
    sets.check_resolution(description, arguments.model)
    from attribution import device, inference  # late: they load TensorFlow, for good input alone

    events.log(f"computing on {device.choose(arguments.device)}")
    attributor = inference.Attributor(description, weights)
    outputs = (output for rows in sets.rows for output in attributor.outputs(rows))
    methods.answer(arguments.out, sets, description, outputs, **device.VERSIONS)
