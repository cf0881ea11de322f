"""What an operator looks at closely: an object from all sides, and what its containers write."""
