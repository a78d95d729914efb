"""What a folder holds and should hold: its lock, and the use cases around it."""
