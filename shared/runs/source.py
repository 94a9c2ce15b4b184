"""A training that starts from the weights of a run (``init``): the settings that it takes with them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from shared.config import check_value, find_domain, keys_read, plain, plain_file, typed_values
from shared.errors import UserError
from shared.runs.run import Run


def source_run(config: DictConfig, key: str = "init") -> Run:
    """The run that a key names, which must be of the same domain."""
    name = OmegaConf.select(config, key)
    check_value(name, str, key)
    try:
        run = Run.open(name)
        theirs, own = run.config.domain.name, config.domain.name
    except UserError as error:
        raise UserError(f"{key}: {error}") from None
    if theirs != own:
        raise UserError(
            f"{key}: must be a run of domain={own}, got {name}, of {theirs}; give domain={theirs}"
        )
    return run


def take_settings(config: DictConfig, words: Sequence[str]) -> None:
    """Unless a model is chosen, take that of ``init``, and the keys of the data that decide its input.

    A choice is ``model=`` among the overrides ``words``, or in a recipe; keys of the data among them stay.

    Raises:
        UserError: ``init`` is no run of this domain, or the words have keys of the model without a model.
    """
    if teacher := OmegaConf.select(config, "training.teacher"):
        source_run(config, "training.teacher")
        if Path(teacher, "config.yaml").is_file():
            config.training.teacher = str(Path(teacher).absolute())
    if config.get("init") is None:
        return
    run, typed = source_run(config), typed_values(words)
    if Path(config.init, "config.yaml").is_file():
        config.init = str(Path(config.init).absolute())
    name, files = config.choices.model, plain_file(f"domain/{config.domain.name}.yaml")["defaults"]
    if "model" in typed or {"override /model": name} not in files:
        return
    for key in typed:
        if key.startswith("model."):
            raise UserError(
                f"{key}: must not be set beside init, got {typed[key]}; the architecture is that of "
                f"{config.init}: give model= to choose another"
            )
    node: Any = OmegaConf.to_container(config, resolve=False)
    default = plain_file(f"model/{name}.yaml")
    if any(node["model"].get(key) != value for key, value in default.items() if key != "defaults"):
        return  # a recipe has changed it
    domain, source = find_domain(config.domain.name), run.config
    with open_dict(config):
        for key in domain.input_keys:
            chosen = {
                name: OmegaConf.select(config, name) for name in typed if name.startswith(f"data.{key}.")
            }
            if key in source.data and f"data.{key}" not in typed:
                config.data[key] = source.data[key]
                for name, value in chosen.items():
                    OmegaConf.update(config, name, value)
        config.choices.model = source.choices.model
        missing = {key: config.model[key] for key in domain.model_keys}  # in older runs
        model = missing | plain(source.model)
        config.model = model
        node = OmegaConf.to_container(config, resolve=False)
        read = {key.split(".")[0] for key in keys_read(node)}
        config.model = {key: value for key, value in model.items() if key in {"layers", *read}}
