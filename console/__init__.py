"""Everything the operator sees and presses."""

__version__ = "0.1.0"
