"""Resources, prompts and completion, from every client to every server."""
from __future__ import annotations

import base64
import json

import pytest

from testbed.sdk import Refused

STATIC = [f"test://static/{name}" for name in (1, 2, 3, 4, 5, 6, 7, "bin")]


async def code(question) -> int:
    with pytest.raises(Refused) as caught:
        await question
    return caught.value.code


async def test_resources_are_listed_whole(pairing):
    async with pairing.join() as agent:
        resources = await agent.resources()
        assert [resource["uri"] for resource in resources] == STATIC
        assert resources[-1]["mimeType"] == "application/octet-stream"


async def test_resource_templates_are_listed(pairing):
    async with pairing.join() as agent:
        [template] = await agent.templates()
        assert (template["uriTemplate"], template["name"], template["mimeType"]) == ("test://item/{id}", "item", "application/json")


async def test_resources_are_read_as_text_as_bytes_and_by_template(pairing):
    async with pairing.join() as agent:
        [text] = await agent.read("test://static/3")
        assert (text["uri"], text["text"].split()[:2]) == ("test://static/3", ["content", "3"])
        [blob] = await agent.read("test://static/bin")
        assert base64.b64decode(blob["blob"]) == bytes(range(256))
        [item] = await agent.read("test://item/42")
        assert json.loads(item["text"]) == {"id": "42"}


async def test_a_resource_that_is_not_there_is_refused_with_the_code_of_the_revision(pairing):
    async with pairing.join() as agent:
        assert await code(agent.read("test://static/99")) == (-32602 if pairing.kind.modern else -32002)


async def test_prompts_are_listed(pairing):
    async with pairing.join() as agent:
        prompts = await agent.prompts()
        assert [prompt["name"] for prompt in prompts] == ["greet", "simple"]
        assert [argument["name"] for argument in prompts[0]["arguments"]] == ["who", "style"]


async def test_prompts_are_filled_in(pairing):
    async with pairing.join() as agent:
        filled = await agent.prompt("greet", {"who": "Zoë", "style": "formal"})
        assert filled["messages"][0]["content"]["text"] == "Greet Zoë in a formal style"
        assert (await agent.prompt("simple"))["messages"][0]["content"]["text"] == "a simple prompt"
        assert await code(agent.prompt("no such prompt")) == -32602


async def test_arguments_of_prompts_and_templates_are_completed(pairing):
    async with pairing.join() as agent:
        assert await agent.complete("prompt", "greet", "who", "par") == ["paris", "park", "party"]
        assert await agent.complete("resource", "test://item/{id}", "id", "o") == ["oslo"]
