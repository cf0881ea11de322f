"""Runbooks: named, versioned, parameterised plans. Known intents are the runbooks we ship."""
