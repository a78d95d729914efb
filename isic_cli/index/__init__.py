"""What is kept on this machine: the index of the archive's metadata, and pictures once fetched."""
