"""What an owner asks for: a data set or one picture, here or elsewhere, and a model changed for a key."""
