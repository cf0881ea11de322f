"""Long-term memory at work: what is kept after a turn or a plan, and what of it bears on the next one."""
