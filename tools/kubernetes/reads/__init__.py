"""Tools that only look."""
