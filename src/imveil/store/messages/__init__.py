"""Messages of the private path, what owners and cloud say to each other: rounds, sums, totals, heads, queries, answers."""
