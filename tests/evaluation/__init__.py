"""What memory is worth, measured without a judge: generated cases with exact answers, and four ways to remember."""
