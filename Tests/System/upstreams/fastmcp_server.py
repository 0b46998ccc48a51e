#!/usr/bin/env python3
"""A FastMCP server as its documentation shows one: fastmcp_server.py --port 9003"""
from __future__ import annotations

import argparse

from fastmcp import Context, FastMCP

server = FastMCP("fastmcp-demo", instructions="Adds, and greets.")


@server.tool
def add(a: float, b: float) -> float:
    """Adds two numbers."""
    return a + b


@server.tool
async def greet(name: str, context: Context) -> str:
    """Greets by name and reports progress."""
    await context.report_progress(1, 1)
    return f"Hello, {name}!"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    server.run(transport="http", host="127.0.0.1", port=parser.parse_args().port, show_banner=False, log_level="warning")
