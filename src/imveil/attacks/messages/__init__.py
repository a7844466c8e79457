"""What an attacker does with messages of the private path: totals, heads, masked sums, queries. Arrays only, no key."""
