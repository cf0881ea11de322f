"""Follow-ups: what “the top one”, “again for staging” and “undo that” mean, from what the session holds."""
