"""A data set as code: a recipe, the stages that make it, and the lock that says what it is."""
