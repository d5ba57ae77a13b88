"""Measurements; nothing of the product imports them."""
