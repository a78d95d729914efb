"""Reading and reshaping the data of studies."""
