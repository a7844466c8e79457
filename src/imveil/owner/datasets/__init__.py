"""Public data sets: where they are found, and how they are downloaded."""
