"""Put a trained run into the project, in half precision: gtp, predict and evaluate load it by its name.

python scripts/ship.py run=runs/go/20260101-120000-1a2b3c name=policy
"""

from _start import DictConfig, command


@command("ship")
def main(config: DictConfig) -> None:
    """Write its folder, and say where it is."""
    from shared.runs import check_places

    check_places(config)
    from shared.runs import ship

    print(f"shipped: {ship(config)}; its model card is README.md in there")


if __name__ == "__main__":
    main()
