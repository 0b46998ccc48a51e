"""Starts the real processes that the system tests talk to, and reads what they left in Redis."""
