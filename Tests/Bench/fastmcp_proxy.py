#!/usr/bin/env python3
"""fastmcp's proxy in front of one upstream: what an MCP gateway in Python costs.

usage: fastmcp_proxy.py PORT UPSTREAM_URL
"""
from __future__ import annotations

import sys

from fastmcp.server import create_proxy

create_proxy(sys.argv[2], name="bench").run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False, log_level="error")
