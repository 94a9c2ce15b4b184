"""A contract of import-linter: other folders import only names of a folder's ``__init__``."""

from collections.abc import Iterator

import grimp
from importlinter import Contract, ContractCheck, fields, output


class SurfaceContract(Contract):
    """Modules outside a folder import it, not the modules inside it.

    Attributes:
        containers: packages whose folders are meant; ``domains.*`` stands for every package of ``domains``.
    """

    type_name = "surface"

    containers = fields.ListField(subfield=fields.StringField())

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        """All imports that reach behind a folder's surface."""
        behind = [
            f"{importer} -> {imported}"
            for folder in self._folders(graph)
            for imported in sorted(graph.find_descendants(folder))
            for importer in sorted(graph.find_modules_that_directly_import(imported))
            if importer != folder and not importer.startswith(f"{folder}.")
        ]
        return ContractCheck(kept=not behind, metadata={"behind": behind})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print them."""
        for line in check.metadata["behind"]:
            output.print_error(line)

    def _folders(self, graph: grimp.ImportGraph) -> Iterator[str]:
        for container in self.containers:  # type: ignore[attr-defined]
            parent = container.removesuffix(".*")
            packages = sorted(graph.find_children(parent)) if container.endswith(".*") else [parent]
            for package in packages:
                yield from (
                    name for name in sorted(graph.find_children(package)) if graph.find_children(name)
                )
