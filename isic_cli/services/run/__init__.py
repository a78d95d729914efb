"""Work on items: reports, workers, and what became of each item."""
