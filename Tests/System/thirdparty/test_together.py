"""All servers behind one node in one tenant, called by the official client."""
from __future__ import annotations

import asyncio

import pytest

from testbed.process import soon
from testbed.sdk import Connection, connect

EVERYTHING = [
    "echo", "add", "slow", "fail", "protocol_error", "big", "image", "mixed", "structured", "ask_user", "ask_model", "ask_roots",
    "ask_twice", "log", "change_tools", "touch", "drop_stream", "whoami", "stats"]
# upstream → its tools, in the order of the tenant's document
TOOLS = {
    "time": ["get_current_time", "convert_time"],
    "git": ["git_status", "git_diff_unstaged", "git_diff_staged", "git_diff", "git_commit", "git_add", "git_reset", "git_log",
            "git_create_branch", "git_checkout", "git_show", "git_branch"],
    "fetch": ["fetch"],
    "demo": ["add", "greet"],
    "newer": [*EVERYTHING, "route"],
    "newer-sse": [*EVERYTHING, "route"],
    "older": EVERYTHING,
    "older-sse": EVERYTHING,
}


def shown() -> dict[tuple[str, str], str]:
    """(upstream, its tool) → the name an agent sees: the earlier upstream keeps the name, later ones get a prefix."""
    taken: set[str] = {"ping"}
    names = {}
    for upstream, tools in TOOLS.items():
        for tool in tools:
            names[upstream, tool] = f"{upstream}__{tool}" if tool in taken else tool
            taken.add(tool)
    return names


NAMES = shown()
CALLS = [
    ("time", "get_current_time", {"timezone": "Europe/Oslo"}, '"timezone": "Europe/Oslo"'),
    ("time", "convert_time", {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}, "21:00"),
    ("git", "git_log", {"repo_path": "REPOSITORY"}, "the first commit"),
    ("git", "git_status", {"repo_path": "REPOSITORY"}, "On branch main"),
    ("fetch", "fetch", {"url": "PAGE"}, "What the page says."),
    ("demo", "add", {"a": 2, "b": 3}, "5"),
    ("demo", "greet", {"name": "all"}, "Hello, all!"),
    *[(upstream, "echo", {"text": f"to {upstream}"}, f"to {upstream}") for upstream in ("newer", "newer-sse", "older", "older-sse")],
    *[(upstream, "slow", {"steps": 3, "delay": 0.01}, "slept") for upstream in ("newer", "newer-sse", "older", "older-sse")],
]


@pytest.fixture(params=["mcp", "sse"])
def path(request: pytest.FixtureRequest) -> str:
    """How the agent comes."""
    return request.param


async def listed(agent: Connection) -> list[str]:
    return [tool["name"] for tool in await agent.tools()]


async def test_one_list_shows_all_tools_under_their_right_names(bazaar, path):
    async with connect(f"{bazaar.node.base}/{path}", bazaar.token) as agent:
        # Python servers take seconds to start; the list of a new tenant waits three of them at most
        async def complete() -> bool:
            return set(await listed(agent)) == {"ping", *NAMES.values()}
        await soon("all upstreams are there", complete, within=30, every=0.3)
        names = await listed(agent)
    assert len(names) == len(set(names)) == 1 + sum(map(len, TOOLS.values()))
    assert (NAMES["demo", "add"], NAMES["newer", "add"], NAMES["older-sse", "echo"]) == ("add", "newer__add", "older-sse__echo")


@pytest.mark.parametrize("upstream, tool, arguments, expected", CALLS, ids=[f"{call[0]}-{call[1]}" for call in CALLS])
async def test_every_family_of_tools_answers(bazaar, path, upstream, tool, arguments, expected):
    places = {"REPOSITORY": str(bazaar.repository), "PAGE": bazaar.page.url}
    arguments = {key: places.get(value, value) if isinstance(value, str) else value for key, value in arguments.items()}
    seen = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        seen.append(done)

    async with connect(f"{bazaar.node.base}/{path}", bazaar.token) as agent:
        answer = await agent.call(NAMES[upstream, tool], arguments, progress)
    assert not answer.get("isError") and expected in answer["content"][0]["text"], answer
    if tool == "slow":
        assert seen == [1, 2, 3]


async def test_all_of_them_at_once(bazaar, path):
    places = {"REPOSITORY": str(bazaar.repository), "PAGE": bazaar.page.url}

    async def call(agent: Connection, upstream: str, tool: str, arguments: dict, expected: str) -> None:
        filled = {key: places.get(value, value) if isinstance(value, str) else value for key, value in arguments.items()}
        answer = await agent.call(NAMES[upstream, tool], filled)
        assert expected in answer["content"][0]["text"], answer

    async with connect(f"{bazaar.node.base}/{path}", bazaar.token) as agent:
        await asyncio.gather(*(call(agent, *each) for each in CALLS * 3))


async def test_what_a_server_refuses_is_the_agents_to_read(bazaar, path):
    """The page that robots may not read; a repository that is not the configured one."""
    async with connect(f"{bazaar.node.base}/{path}", bazaar.token) as agent:
        answer = await agent.call("fetch", {"url": bazaar.page.private})
        assert answer["isError"] and "robots.txt" in answer["content"][0]["text"]
        answer = await agent.call("git_status", {"repo_path": "/"})
        assert answer["isError"]
