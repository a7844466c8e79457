"""A picture under negative-positive from its folds: a small net, and the weights that come with it."""
