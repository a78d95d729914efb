"""Turn what a user selected into image records, live or offline."""
