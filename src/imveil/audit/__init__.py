"""The audit: the game between an encryptor and its attackers, its budget, its verdict, its page."""
