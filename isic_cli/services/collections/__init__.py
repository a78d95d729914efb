"""Change collections and compare them."""
