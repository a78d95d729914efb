"""Faults and builders that tests share."""
