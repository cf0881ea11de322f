"""Markdown that arrives in small pieces, turned into lines once and for all."""
