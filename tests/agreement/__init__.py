"""The computation of agreement, against its papers and against other packages."""
