"""Everything that touches the outside world, and the gate in front of it."""
