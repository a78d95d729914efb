"""Use cases: they return results and typed events, and never print."""
