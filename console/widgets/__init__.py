"""What the console is drawn with: widgets that are given state and post messages."""
