"""What becomes of every tool when the world misbehaves, with recovery and without."""
