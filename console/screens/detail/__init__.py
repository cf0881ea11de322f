"""Closer looks: one thing in tabs, or an object of a cluster from all sides, live."""
