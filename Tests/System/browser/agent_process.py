"""An agent of an official SDK, run by whichever environment has it: a line in is a tool to call, a line out what came of it.

usage: agent_process.py URL TOKEN
"""
from __future__ import annotations

import asyncio
import sys

from testbed.sdk import Refused, connect


async def main(url: str, token: str) -> None:
    loop = asyncio.get_running_loop()
    async with connect(url, token) as agent:
        print("connected", flush=True)
        while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
            try:
                await agent.call(line, {})
                print("ok", flush=True)
            except Refused as refused:
                print(f"refused {refused.data.get('error', refused.code)}", flush=True)
            except Exception as error:  # an ended session is told in each SDK's own way
                print(f"failed {type(error).__name__}", flush=True)


asyncio.run(main(sys.argv[1], sys.argv[2]))
