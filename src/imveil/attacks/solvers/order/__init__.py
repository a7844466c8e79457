"""One permutation of pixels for all cipher images, found from the statistics of neighbours."""
