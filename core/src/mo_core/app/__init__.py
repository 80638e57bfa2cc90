"""The application: the session, `convert`, the command line, inspection, the report, progress."""
