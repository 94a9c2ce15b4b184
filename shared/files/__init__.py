"""What readers of a user's files share: which files there are, what became of each, and what folders say."""
