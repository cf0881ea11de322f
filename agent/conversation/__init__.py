"""Talking with a language model: what it is told, what it may call, how its plan is read."""
