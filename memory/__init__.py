"""Everything kept: journal, sessions, long-term knowledge, credentials."""
