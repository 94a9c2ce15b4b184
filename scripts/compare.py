"""Train designs with the same data, order, budget and learning rate search; report which claims hold.

The same command resumes where it was stopped, and trains nothing twice.

python scripts/compare.py compare=quick n_jobs=2
python scripts/compare.py compare=lecture folder=data n_jobs=2
python scripts/compare.py compare=batchnorm folder=my-pictures
"""

from _start import script

main = script(__doc__, "compare", "shared.compare:compare")

if __name__ == "__main__":
    main()
