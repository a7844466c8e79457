"""How a job over many pictures runs: processes, a cluster, its place on disk, its progress."""
