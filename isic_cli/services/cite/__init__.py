"""Citations and credits of collections and data sets."""
