"""Everything that decides: conversation, plan, policy, execution, recovery."""
