"""`satgate health` as the image's health check asks it."""
from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from testbed.node import Cell, run, tenant
from testbed.process import eventually, free_port


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, redis_server):
    cell = Cell(tmp_path_factory.mktemp("health"), redis_server, [tenant("acme", {})])
    node = cell.node("asked", SATGATE_ADMIN_HOST="0.0.0.0", SATGATE_ADMIN_PORT=str(free_port()))
    yield node
    node.stop()


def port_of(node) -> str:
    return node.admin.rpartition(":")[2]


def test_a_node_that_lives_is_told_from_its_settings(node, tmp_path: Path):
    settings = tmp_path / "satgate.yaml"
    settings.write_text(f"admin: {{host: 0.0.0.0, port: {port_of(node)}}}\n")
    eventually("the node is ready", lambda: run("health", "--ready", "--config", str(settings)).returncode == 0)
    for found in (run("health", "--config", str(settings)), run("health", env={"SATGATE_ADMIN_PORT": port_of(node)})):
        assert (found.returncode, found.stdout, found.stderr) == (0, "ok\n", "")


def test_a_node_that_is_not_there_or_says_something_else_is_not_healthy(node):
    nobody = run("health", env={"SATGATE_ADMIN_PORT": str(free_port())})
    assert nobody.returncode == 1 and "no answer" in nobody.stderr
    agents = run("health", env={"SATGATE_ADMIN_PORT": str(node.port)})
    assert agents.returncode == 1 and "answers 4" in agents.stderr


def test_one_that_takes_the_connection_and_says_nothing_is_given_up_in_time():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", free_port()))
        silent.listen()
        begun = time.monotonic()
        found = run("health", "--timeout", "1", env={"SATGATE_ADMIN_PORT": str(silent.getsockname()[1])})
    assert found.returncode == 1 and "no answer" in found.stderr
    assert 0.9 < time.monotonic() - begun < 20


def test_a_bad_setting_is_named():
    found = run("health", env={"SATGATE_ADMIN_PORT": "0"})
    assert found.returncode == 78 and "admin.port" in found.stderr
