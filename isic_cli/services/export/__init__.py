"""Export a folder as a data set that training code reads: pictures, labels, splits, masks."""
