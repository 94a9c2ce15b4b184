"""The configuration as plain Python values."""

from typing import Any

from omegaconf import DictConfig, OmegaConf


def plain(node: DictConfig) -> dict[str, Any]:
    """A configuration node as resolved plain containers."""
    return OmegaConf.to_container(node, resolve=True)  # type: ignore[return-value]
