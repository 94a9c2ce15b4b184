"""Train one configuration over several seeds or folds; print the mean of each metric with its 95 % interval.

The same command resumes where it was stopped, and trains nothing twice.

python scripts/repeat.py experiment=image/lecture data.path=mnist
python scripts/repeat.py domain=image 'repeat.over={seed: [0, 1, 2], optimizer.lr: [0.001, 0.003]}'
python scripts/repeat.py domain=text 'repeat.over={data.fold: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}'
"""

from _start import script

main = script(__doc__, "repeat", "shared.commands:repeat", settles=["resume"])

if __name__ == "__main__":
    main()
