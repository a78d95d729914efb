"""What annotators said in a study: reading it, reshaping it, old caches."""
