"""What attacks share: solvers that look for a mask, an order or a puzzle in which cipher images become pictures."""
