// Logic.
