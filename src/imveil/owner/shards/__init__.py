"""One shard of a cipher data set: planned, written, read, labelled, sealed."""
