"""Messages of the private path, between owners and cloud: rounds, sums, totals, heads, queries, answers."""
