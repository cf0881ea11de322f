"""Where secrets end, and the one way past that."""
