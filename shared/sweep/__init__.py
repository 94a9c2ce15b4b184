"""The search for good settings: trials by Optuna, each an ordinary run."""
