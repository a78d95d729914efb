"""Rows and ids from any file that holds some: one reader, one set of rules."""
