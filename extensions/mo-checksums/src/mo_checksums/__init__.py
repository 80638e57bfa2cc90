"""Checksums of the files of each conversion."""
