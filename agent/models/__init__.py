"""The models that can be asked, and everything special about their servers."""
