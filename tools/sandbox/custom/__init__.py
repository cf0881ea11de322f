"""Custom resources: kinds that a CustomResourceDefinition adds to the practice cluster while it runs."""
