"""The search language of the archive: parse it, match records with it, write it back."""
