"""What sessions leave behind, and what can be done with it: find, fork, name, clear away."""
