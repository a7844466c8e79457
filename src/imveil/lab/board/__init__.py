"""The leaderboard: rows of strangers, and what papers publish."""
