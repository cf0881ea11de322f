"""Views that stay current: the server's tables, watches over them, logs that are followed."""
