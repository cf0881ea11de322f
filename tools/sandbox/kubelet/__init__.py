"""The pretend kubelet and scheduler: where pods run, and how their containers behave."""
