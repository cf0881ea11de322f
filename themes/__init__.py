"""Colour themes and style sheets; data only."""
