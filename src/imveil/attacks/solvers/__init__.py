"""Solvers: what attacks share. They look for a mask, an order or a puzzle under which cipher images become pictures."""
