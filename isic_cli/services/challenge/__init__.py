"""The files of the challenges: which there are, fetched, unpacked, and members of them."""
