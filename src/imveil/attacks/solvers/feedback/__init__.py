"""Two rounds of permutation and chained substitution, read off chosen pictures.

A round moves samples, then adds to each a mask and a table's entry for the sample before it, forwards; then the like
for the sample behind it, backwards. The cipher image f is undone from its end:

    e[i] = f[i] - T[f[i + 1]]             table.py finds T, the table of the last round
    d[i] = e[i] - T[e[i - 1] - mask[i]]   masks.py finds the masks; d is the first round's b, moved and shifted
    a[i] = b[i] - t[b[i + 1] - next[i]]   walk.py finds t, the table of the first round, and which sample follows which
    x[i] = a[i] - t[a[i - 1] - before[i]]  places.py finds these masks, and where in the picture x[i] stands

each up to constants, which one picture settles. One active sample at place i of the first round's walk changes b above
i at random, and below i every b is a bijection of the one above it: so two of its values that agree in b[i], one pair
in 256, agree in all that lies below.
"""
