"""Long-term memory: what is kept across sessions, in a file of its own so that forgetting can rewrite it."""

from memory.knowledge.entry import (
    AT_MOST,
    Fresh,
    Kind,
    Recalled,
    Reference,
    Remembered,
    Source,
    Status,
    Where,
)
from memory.knowledge.store import Knowledge

__all__ = [
    "AT_MOST",
    "Fresh",
    "Kind",
    "Knowledge",
    "Recalled",
    "Reference",
    "Remembered",
    "Source",
    "Status",
    "Where",
]
