"""The metrics, one idea a file; found by being there. `lab/metric.py` says what a metric is."""
