"""Time the suite's training loop against a bare PyTorch loop, its parts, and what the domain adds.

python scripts/bench.py domain=go
python scripts/bench.py domain=go data=go/sgf data.path=games.tar.xz bench.output=bench.json
"""

from _start import script

main = script(
    __doc__,
    "bench",
    "shared.commands:bench",
    settles=[
        *("resume", "init", "test", "runs", "data.epoch_size"),
        *(
            "trainer.max_epochs",
            "trainer.limit_val_batches",
            "trainer.enable_progress_bar",
            "training.seconds",
        ),
    ],
)

if __name__ == "__main__":
    main()
