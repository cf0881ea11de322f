"""The company the practice cluster belongs to: its nodes, workloads, and its recent past."""
