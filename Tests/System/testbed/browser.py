"""Debian's chromium, headless, driven through its DevTools protocol."""
from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

from .process import Process, eventually, soon

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0", "--hide-scrollbars"]

# what a page's own keys are called in the protocol
_KEYS = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35}


class Browser:
    """One chromium with a profile of its own."""

    def __init__(self, directory: Path) -> None:
        profile = directory / "chromium"
        program = shutil.which("chromium") or "chromium"
        self._process = Process("chromium", [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"], directory, {"HOME": str(directory)})
        port = profile / "DevToolsActivePort"
        lines = eventually("chromium listens", lambda: self._alive() and port.exists() and port.read_text().splitlines(), within=60)
        self._url = f"ws://127.0.0.1:{lines[0]}{lines[1]}"

    def _alive(self) -> bool:
        assert self._process.running, self._process.tail()
        return True

    async def open(self, kind: type[Page] | None = None) -> Any:
        """A page, of that class, in a context of its own, with no cookies."""
        socket = await connect(self._url, max_size=None, ping_interval=None)
        page = (kind or Page)(socket)
        await page.attach()
        return page

    def stop(self) -> None:
        self._process.stop()


class Page:
    """One tab, and all that it has logged and asked for."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._session: str | None = None
        # the page's own errors: exceptions, console.error, violations of its policy
        self.errors: list[str] = []
        # what the browser says of failed requests
        self.failures: list[str] = []
        # the address of everything asked for
        self.requests: list[str] = []
        # what came by WebSocket
        self.frames: list[str] = []
        self._reader = asyncio.create_task(self._read())

    async def attach(self) -> None:
        context = await self.send("Target.createBrowserContext")
        target = await self.send("Target.createTarget", url="about:blank", browserContextId=context["browserContextId"])
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.send(f"{domain}.enable")

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._socket.close()

    async def __aenter__(self) -> Page:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol; its result."""
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({
            "id": number, "method": method, "params": params, **({"sessionId": self._session} if self._session else {})}))
        return await asyncio.wait_for(answer, 30)

    async def _read(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            if "id" not in message:
                self._heard(message["method"], message["params"])
                continue
            waiter = self._waiting.pop(message["id"])
            if waiter.done():
                continue
            if "error" in message:
                waiter.set_exception(RuntimeError(message["error"]["message"]))
            else:
                waiter.set_result(message["result"])

    def _heard(self, method: str, params: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.errors.append(" ".join(str(each.get("value", each.get("description"))) for each in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            entry = params["entry"]
            # a page's policy is the page's own affair; that a node does not answer is the node's
            (self.failures if entry["source"] == "network" else self.errors).append(f"{entry['text']} {entry.get('url', '')}")
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requests.append(params["url"])
        elif method == "Network.webSocketFrameReceived":
            self.frames.append(params["response"]["payloadData"])

    def outside(self, base: str) -> list[str]:
        """What was asked of anything but that origin."""
        return [url for url in self.requests if not url.startswith(("data:", "about:", "blob:")) and urlsplit(url).netloc != urlsplit(base).netloc]

    async def go(self, url: str) -> None:
        await self.send("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def value(self, expression: str) -> Any:
        """What the expression is in the page; promises are waited for."""
        result = await self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, f"{expression}: {result['exceptionDetails']}"
        return result["result"].get("value")

    async def until(self, expression: str, within: float = 30.0) -> Any:
        """Waits until the expression is true in the page; its value."""
        async def look() -> Any:
            try:
                return await self.value(expression)
            except (RuntimeError, AssertionError) as error:
                # between two documents there is nothing to ask
                if "context" in str(error) or "navigat" in str(error):
                    return None
                raise
        try:
            return await soon(expression, look, within, every=0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}\nerrors: {self.errors}\nfailures: {self.failures[-5:]}\npage: {await self.text()}") from None

    async def text(self, selector: str = "body") -> str:
        """What a person reads there."""
        return await self.value(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    async def shows(self, text: str, selector: str = "body", within: float = 30.0) -> None:
        """Waits until the text is to be read there."""
        await self.until(f"(document.querySelector({json.dumps(selector)})?.innerText ?? '').includes({json.dumps(text)})", within)

    async def press(self, key: str, modifiers: int = 0) -> None:
        """One key, as a keyboard sends it."""
        code = _KEYS.get(key, ord(key.upper()) if len(key) == 1 else 0)
        text = "\r" if key == "Enter" else key if len(key) == 1 else None
        common = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        await self.send("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        await self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    async def type(self, text: str) -> None:
        """Writes into what has the focus."""
        await self.send("Input.insertText", text=text)

    async def click(self, selector: str) -> None:
        """A mouse click in the middle of the first such element that is shown."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})].find((each) => each.offsetParent !== null)"
        await self.until(f"Boolean({found})")
        x, y = await self.value(
            f"(() => {{ const each = {found}; each.scrollIntoView({{block: 'center'}}); const box = each.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def size(self, width: int, height: int, scale: float = 1, is_phone: bool = False) -> None:
        await self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=is_phone)

    async def prefer(self, **features: str) -> None:
        """Media features, as `prefers_color_scheme="dark"`."""
        await self.send("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    async def photograph(self, file: Path, whole: bool = False) -> None:
        """A picture of what is seen, or of the whole page."""
        shot = await self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(shot["data"]))
