"""The few words that configuration files may use beyond OmegaConf's own."""

from pathlib import Path

from omegaconf import OmegaConf

PROJECT = Path(__file__).resolve().parent.parent

# ${project:domains/go/sample/games.tar.xz}: a file of the project, from whichever folder a command is started
OmegaConf.register_new_resolver("project", lambda path: str(PROJECT / path), replace=True)
# ${minus:${model.depth},1}: a network's depth counts layers that are not repeated, too
OmegaConf.register_new_resolver("minus", lambda a, b: a - b, replace=True)
