"""From a draft to a plan that can be decided on, and from a failed one to the next."""
