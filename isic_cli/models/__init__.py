"""Plain data: what the archive sends and what a user selects."""
