"""Tools that change a cluster, each with preview, observation and undo."""
