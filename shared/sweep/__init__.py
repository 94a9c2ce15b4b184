"""The search for good settings: trials by Optuna, each an ordinary run."""

from shared.sweep.sweep import sweep
