"""What a tool may answer with, for clients of revisions that do not have all of it."""


async def test_content_of_every_kind_that_the_revision_has_comes_and_the_rest_as_text(pairing):
    async with pairing.join() as agent:
        mixed = await agent.call("mixed")
        kinds = [part["type"] for part in mixed["content"]]
        audio = "audio" if pairing.kind.since("2025-03-26") else "text"
        assert kinds == ["text", "image", audio, "resource", "resource_link" if pairing.kind.since("2025-06-18") else "text"]
