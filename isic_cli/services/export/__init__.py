"""Export a folder as a data set that training code reads: pictures, labels, sides, masks."""
