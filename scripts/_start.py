"""What every script imports first: outside the environment, one line says how to enter it."""

try:
    from omegaconf import DictConfig

    from shared.config import command, overrides
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None

__all__ = ["DictConfig", "command", "overrides"]
