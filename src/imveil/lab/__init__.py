"""The laboratory: recipes, evidence, claims, the leaderboard. May import everything."""
