"""The practice sandbox: a believable cluster to try things on, never imported by the real path."""
