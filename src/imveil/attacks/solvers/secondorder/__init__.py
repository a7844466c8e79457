"""The second-order solver: a key for a whole data set falls to correlations between the samples of its cipher images.

A fixed key permutes units and inverts some, so every matrix of correlations between cipher units is that of plain
units, permuted and signed: `relations` and `signs` say which, `match` finds the permutation, and a recipe for each
family of schemes puts them together. `solve` plays them and believes none that fails the check.
"""
