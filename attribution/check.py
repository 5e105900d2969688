"""The verb check: is this image whole?"""

from importlib.util import find_spec

import numpy as np

from attribution import device, trainers
from attribution.settings import PUBLISHED
from sources.contract import events


def check(arguments):
    """Take one step of each training with tiny networks, say the versions."""
    chosen = device.choose(arguments.device)
    for published in PUBLISHED.values():
        settings = published._replace(fmap_base=16, fmap_max=8, minibatch=4)
        trainer = trainers.new(settings, 8, 0, chosen, labels=2)
        images = np.random.RandomState(0).randint(0, 256, (settings.batch, 8, 8, 3)).astype(np.uint8)
        losses = trainer.step(0, [(images, np.arange(settings.batch) % 2)])
        if not all(np.isfinite(loss) for loss in losses.values()):
            raise RuntimeError(
                f"TensorFlow {device.VERSIONS['tensorflow']} computes nonsense here: {losses}")
        if find_spec("onnxruntime"):
            _compare(trainer, images)
    events.done(versions=device.VERSIONS, device=chosen)


def _compare(trainer, images):
    """ONNX Runtime, which attributes on processors, says what TensorFlow says."""
    from attribution import inference_onnx

    settings = trainer.settings
    found = inference_onnx.Network(
        {"architecture": settings.network, "settings": settings._asdict(), "resolution": 8,
         "labels": ["A", "B"]}, trainer.weights()).compute(images)["scores"]
    expected = trainer.logits(images).numpy()
    if not np.allclose(found, expected, rtol=0, atol=1e-4):
        raise RuntimeError(f"ONNX Runtime {inference_onnx.VERSIONS['onnxruntime']} computes "
                           f"{found.tolist()} here, TensorFlow {expected.tolist()}")
