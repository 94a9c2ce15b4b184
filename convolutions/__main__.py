"""The commands by name: ``convolutions train domain=image`` is ``python scripts/train.py domain=image``."""

import runpy
import sys

from convolutions.scripts import FOLDER, scripts
from shared.errors import nearest


def main() -> None:
    """Run the script that the first word names, with the words after it."""
    known = scripts()
    name, *words = sys.argv[1:] or ["--help"]
    if name in ("-h", "--help"):
        for script, file in known.items():
            sys.stdout.write(f"convolutions {script:<10}{file.read_text().splitlines()[0][3:]}\n")
        sys.stdout.write("\nconvolutions NAME --help explains one of them\n")
        return
    if name not in known:
        sys.exit(
            f"error: convolutions: must be followed by a command, got {name}; {nearest(name, list(known))}"
        )
    sys.path.insert(0, str(FOLDER))
    sys.argv = [str(known[name]), *words]  # Lightning starts further processes by this path
    runpy.run_path(str(known[name]), run_name="__main__")


if __name__ == "__main__":
    main()
