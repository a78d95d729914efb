"""Make, renew and look after the index and the cache of files."""
