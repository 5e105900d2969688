"""The images of the examples, made as their pages say."""

from __future__ import annotations

from orchestration import images
from orchestration.engines.docker_engine import DockerEngine
from orchestration.images import build
from orchestration.repository import REPOSITORY


def image(engine: DockerEngine, folder: str, tag: str) -> str:
    """Build the image of `examples/<folder>` on that of the real images; returns its tag."""
    build.build(engine.client, [images.recipe("real", "cpu")], lambda event: None)
    dockerfile = f"examples/{folder}/Dockerfile"
    engine.client.images.build(path=str(REPOSITORY), dockerfile=dockerfile, tag=tag, rm=True, forcerm=True)
    return tag
