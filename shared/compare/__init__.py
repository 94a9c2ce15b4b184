"""Designs side by side: trained alike on several tasks and compared item by item."""

from shared.compare.compare import compare
