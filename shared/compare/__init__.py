"""Designs side by side: trained alike on several tasks, held against each other item by item."""
