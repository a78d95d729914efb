"""Count images by the values of their metadata."""
