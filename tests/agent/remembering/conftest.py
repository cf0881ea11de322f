"""The practice sandbox of the scenarios, for what is learned from a real diagnosis."""

from tests.scenarios.conftest import practice, start

__all__ = ["practice", "start"]
