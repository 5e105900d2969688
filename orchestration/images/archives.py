"""An image that is made of an archive of its files."""

import json

import docker

from orchestration.errors import BuildFailed


def of_files(client: docker.DockerClient, archive: bytes, name: str) -> None:
    """Make the image NAME:TAG of a tar archive. Raises BuildFailed."""
    repository, tag = name.split(":")
    answer = client.api.import_image_from_data(archive, repository=repository, tag=tag)
    last = json.loads(answer.splitlines()[-1])
    if "error" in last:
        raise BuildFailed(f"{name}: {last['error']}")
    client.images.get(last["status"]).tag(repository, tag)  # Podman calls it `latest`
