"""How what was read becomes an answer."""
