"""Where packages come from when mirrors drop a suite; apt itself, in a container, takes what is old and no forgery.

tests/fixtures/archive is an archive of one package. Its Release expired in 2019, the key that signed it in 2020.
It was made by dpkg-deb and gpg --faked-system-time 20190101T000000!
"""

import http.server
import shutil
import threading

import pytest

from orchestration.images import bases, facts, mirrors
from orchestration.repository import REPOSITORY

FIXTURE = REPOSITORY / "tests" / "fixtures" / "archive"


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A folder that is served as all of Debian's servers: mirror/debian, archive/debian-security and so on."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(mirrors, "_DEBIAN", f"{place}/mirror")
    monkeypatch.setattr(mirrors, "_ARCHIVE", f"{place}/archive")
    monkeypatch.setattr(mirrors, "_APT", ("no-apt-get",))
    yield tmp_path
    server.shutdown()
    server.server_close()


@pytest.fixture
def silence(monkeypatch):
    """Nobody answers."""
    monkeypatch.setattr(mirrors, "_APT", ("no-apt-get",))
    monkeypatch.setattr(mirrors, "_DEBIAN", "http://127.0.0.1:9")


def serve(folder, *releases, until=""):
    for release in releases:
        place = folder / ("debian-security" if release.endswith("-security") else "debian") / "dists" / release
        place.mkdir(parents=True)
        (place / "Release").write_text(f"Suite: {release}\n{until}")


def parts(found):
    """What lines of a sources.list name, without the server: "mirror/debian bullseye"."""
    return [" ".join(line.split(":", 2)[-1].split("/", 1)[1].split()[:2]) for line in found.lines]


def test_what_the_mirror_has_comes_from_there(world):
    serve(world / "mirror", "bullseye", "bullseye-updates", "bullseye-security")
    found = mirrors.find("bullseye")
    assert parts(found) == ["mirror/debian bullseye", "mirror/debian bullseye-updates",
                            "mirror/debian-security bullseye-security"]
    assert found.certain and not found.are_old and "apt.conf.d/90gpgv" not in found.files()


def test_what_it_dropped_comes_from_the_archive_and_what_nobody_has_is_left_out(world):
    serve(world / "mirror", "bullseye-security")
    serve(world / "archive", "bullseye")
    found = mirrors.find("bullseye")
    assert parts(found) == ["archive/debian bullseye", "mirror/debian-security bullseye-security"]
    assert found.lines[0].startswith("deb [check-valid-until=no] ") and "[" not in found.lines[1]


def test_a_release_that_expired_on_the_mirror_is_taken(world):
    serve(world / "mirror", "bullseye", until="Valid-Until: Tue, 08 Jan 2019 00:00:00 UTC\n")
    found = mirrors.find("bullseye")
    assert found.are_old and parts(found) == ["mirror/debian bullseye"]


def test_a_mirror_that_does_not_answer_is_left_to_apt(silence):
    found = mirrors.find("bullseye")
    assert found.lines[0] == "deb http://127.0.0.1:9/debian bullseye main" and not found.certain


@pytest.mark.docker
def test_without_an_answer_a_base_is_kept(base, silence, docker_engine):
    said = []
    bases.ensure(docker_engine.client, facts.read("chainer"), said.append)
    assert said == []


def test_the_mirrors_of_the_host_are_asked_first(world, tmp_path, monkeypatch):
    serve(world / "own", "bullseye")
    serve(world / "mirror", "bullseye", "bullseye-security")
    place = mirrors._DEBIAN.replace("/mirror", "/own")
    (tmp_path / "apt-get").write_text(f"#!/bin/sh\necho 'Debian|trixie|{place}/debian/'\n"
                                      "echo 'Two Words|x|http://other/'\necho '||'\n"
                                      "echo 'Debian|trixie-security|https://own/'\n")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setattr(mirrors, "_APT", (str(tmp_path / "apt-get"),))
    assert parts(mirrors.find("bullseye")) == ["own/debian bullseye", "mirror/debian-security bullseye-security"]


def install(engine, image, etc, *changes):
    """What apt-get ends with and says in a container that is told the files of `etc`."""
    command = ["sh", "-c", " && ".join(["cp -r /told/. /etc/apt", "chmod 755 /etc/apt/gpgv", *changes, "apt-get update",
                                        "apt-get install --yes found"])]
    container = engine.client.containers.create(image, command, network_mode="host",
                                                volumes={str(etc): {"bind": "/told", "mode": "ro"}})
    try:
        container.start()
        status = container.wait()["StatusCode"]
        return status, container.logs().decode()
    finally:
        container.remove(force=True)


@pytest.fixture
def base(docker_engine):
    """The last Debian with Python 2.7, made before the world is another."""
    bases.ensure(docker_engine.client, facts.read("chainer"), lambda event: None)
    return bases.reference(facts.read("chainer"))


@pytest.fixture
def told(base, world):
    """What apt is told of the archive that is served, as files in a folder; and the key that it is to trust."""
    shutil.copytree(FIXTURE, world / "archive" / "debian")
    etc, key = world / "etc", (FIXTURE / "key.gpg").read_bytes()
    for path, data in {**mirrors.find("bullseye").files(), "trusted.gpg.d/test.gpg": key}.items():
        (etc / path).parent.mkdir(parents=True, exist_ok=True)
        (etc / path).write_bytes(data)
    return etc


@pytest.mark.docker
def test_apt_takes_what_an_expired_key_signed_and_nothing_else(base, told, docker_engine, world):
    status, said = install(docker_engine, base, told)
    assert status == 0 and "Setting up found (1)" in said, said
    status, said = install(docker_engine, base, told, "rm /etc/apt/apt.conf.d/90gpgv")
    assert status == 100 and "EXPKEYSIG" in said
    status, said = install(docker_engine, base, told, "rm /etc/apt/trusted.gpg.d/test.gpg")
    assert status == 100 and "NO_PUBKEY" in said
    forged = world / "archive" / "debian" / "dists" / "bullseye" / "InRelease"
    forged.write_text(forged.read_text().replace("Origin: Test", "Origin: Evil"))
    status, said = install(docker_engine, base, told)
    assert status == 100 and "BADSIG" in said
