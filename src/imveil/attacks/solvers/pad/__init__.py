"""One XOR mask for all cipher images, found from the statistics of neighbours."""
