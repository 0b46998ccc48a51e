"""Redis as it runs where it matters."""
from __future__ import annotations
