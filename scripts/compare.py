"""Train designs with the same data, order, budget and learning rate search; report which claims hold.

The same command resumes where it was stopped, and trains nothing twice.

python scripts/compare.py compare=quick n_jobs=2
python scripts/compare.py compare=lecture folder=data n_jobs=2
python scripts/compare.py compare=batchnorm folder=my-pictures
"""

from _start import DictConfig, command


@command("compare")
def main(config: DictConfig) -> None:
    """Train what has not been trained yet, and write the report."""
    from shared.compare import compare

    compare(config)


if __name__ == "__main__":
    main()
