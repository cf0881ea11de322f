"""Finds secrets in structured values and in text, and puts stable tokens in their place."""
