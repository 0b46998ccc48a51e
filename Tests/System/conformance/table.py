"""What a table of the specification's sentences is made of."""
from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A MUST or SHOULD laid on a server: where the specification says it, its words, and the test that shows it (a test's id, or a Swift
    file and the title of the test in it), or why a gateway has nothing to show."""
    place: str
    words: str
    test: str = ""
    why: str = ""


ABILITIES = "the upstream's: it is told the abilities that the agent declares, and has to keep to them"
ABOUT = "a way to speak of the specification, nothing to hold"
AGAIN = "told again where it belongs"
CONTENT = "the upstream's: the gateway does not know what is in it and passes it on as it is"
CONTRADICTION = (
    "the specification contradicts itself: subscriptions.mdx has the server send the result of the listen request instead, which is what is done")
HOST = "asked of the application at the client"
META_NAMES = "of names in `_meta`: those of the gateway begin with io.satgate/, others are passed on as they are"
NO_BROKER = "the gateway is no OAuth client on behalf of others"
NO_EXTENSION = "no extension is declared"
NO_OAUTH = "authorization by OAuth is optional and not offered: tokens are macaroons, which name no authorization server"
NO_REASONS = "a cancelled call has its event, without the reason: it is the agent's own words"
NO_REFERENCES = "no schema is resolved: they are passed on as they are, and nothing is fetched for them"
NO_STDIO = "agents reach the gateway by HTTP only"
NO_TASKS = "no tasks are offered: the capability is not declared"
NO_TRANSPORT = "no transport of its own is added"
NO_VALIDATION = "the gateway validates nothing by a tool's schema: it is passed on as it is, for the client and the upstream to apply"
RATES = "no rate limits are kept yet; budgets bound what a token may spend"
SCOPE = (
    "a call out of scope is refused for itself, by a JSON-RPC error with `data.error: scope`, so that the session's other calls go on; there is "
    "no authorization server to ask for more")
TIMEOUTS = "time-outs are configured per upstream in the tenant's document"
UPSTREAM = "the upstream's: what it says is passed on as it is"
