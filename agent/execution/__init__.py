"""Carrying out approved plans: the graph, the single step, and steps left in doubt by a crash."""
