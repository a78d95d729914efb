"""Pure algorithms that turn a pile of pictures into a data set one can publish."""
