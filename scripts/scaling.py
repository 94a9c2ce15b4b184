"""Train several sizes for several lengths, fit a law of the loss, and predict the best size for more arithmetic.

The same command resumes where it was stopped, and trains nothing twice.

python scripts/scaling.py scaling=go/global data.path=games.npz
python scripts/scaling.py domain=image 'scaling.sizes=[{model.units: 20}, {model.units: 80}]' 'scaling.budgets=[{trainer.max_epochs: 1}, {trainer.max_epochs: 2}, {trainer.max_epochs: 4}]'
"""

from _start import script

main = script(
    __doc__,
    "scaling",
    "shared.scaling:scaling",
    settles=["resume", "test", "report", "training.monitor", "training.mode"],
)

if __name__ == "__main__":
    main()
