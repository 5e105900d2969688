"""Which engine the settings of Docker name, and what is said of settings that name none."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from orchestration.engines import docker_address
from orchestration.engines.docker_engine import connect
from orchestration.errors import NoEngine

FAR = {"Name": "far", "Metadata": {}, "Endpoints": {"docker": {"Host": "tcp://127.0.0.1:9"}}}


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of the `docker` command that knows a context `far`."""
    for name in ("HOST", "CONTEXT", "TLS_VERIFY", "CERT_PATH", "API_VERSION"):
        monkeypatch.delenv(f"DOCKER_{name}", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    write_context(tmp_path, json.dumps(FAR))
    (tmp_path / "config.json").write_text("{}")
    return tmp_path / "config.json"


def write_context(folder: Path, text: str) -> None:
    place = folder / "contexts" / "meta" / hashlib.sha256(b"far").hexdigest()
    place.mkdir(parents=True, exist_ok=True)
    (place / "meta.json").write_text(text)


def refusal() -> str:
    with pytest.raises(NoEngine) as error:
        connect()
    assert "\n" not in str(error.value) and "--engine process" in str(error.value)
    return str(error.value)


def test_without_settings_it_is_the_usual_socket() -> None:
    assert docker_address.settings() == {"base_url": "unix:///var/run/docker.sock"}


def test_the_context_of_the_configuration_counts(configuration: Path) -> None:
    configuration.write_text('{"currentContext": "far"}')
    assert docker_address.settings()["base_url"] == "tcp://127.0.0.1:9"


def test_the_variables_count_more_than_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    assert docker_address.settings()["base_url"] == "tcp://127.0.0.1:9"
    monkeypatch.setenv("DOCKER_HOST", "unix:///else.sock")
    monkeypatch.setenv("DOCKER_API_VERSION", "1.40")
    assert docker_address.settings() == {"base_url": "unix:///else.sock", "version": "1.40"}


@pytest.mark.parametrize(("host", "reason"), [
    ("ssh://me@127.0.0.1:9", "paramiko"), ("127.0.0.1:9", "refused"), ("tcp://127.0.0.1:9", "refused"),
    ("tcp://127.0.0.1", "port is required"), ("tcp://127.0.0.1:port", "integer"), ("unix://", "Invalid argument"),
    ("/var/run/docker.sock", "Invalid bind address"), ("npipe:////./pipe/docker_engine", "only supported on Windows"),
    ("fd://", "fd protocol"), ("http+unix:///nowhere.sock", "No such file"), ("unix:///nowhere.sock", "No such file"),
])
def test_a_host_that_is_no_engine_is_one_line(monkeypatch: pytest.MonkeyPatch, host: str, reason: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    said = refusal()
    assert said.startswith(f"{host}: no Docker Engine answers (") and reason in said


@pytest.mark.parametrize(("name", "value", "reason"), [
    ("CONTEXT", "gone", "no context 'gone'"), ("TLS_VERIFY", "1", "certificate"), ("CERT_PATH", "/gone", "certificate"),
])
def test_a_variable_that_leads_nowhere_is_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv(f"DOCKER_{name}", value)
    assert reason in refusal()


@pytest.mark.parametrize("text", ["{nope", "{}", "[]"])
def test_a_damaged_context_is_one_line(tmp_path: Path, configuration: Path, text: str) -> None:
    configuration.write_text('{"currentContext": "far"}')
    write_context(tmp_path, text)
    assert "~/.docker" in refusal()


def test_a_configuration_that_is_none_is_one_line(configuration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration.write_text("[]")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    refusal()
