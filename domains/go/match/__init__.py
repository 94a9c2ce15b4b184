"""Matches between Go programs, and estimates of their strength."""

from domains.go.match.client import Client
from domains.go.match.match import match
from domains.go.match.openings import opening
