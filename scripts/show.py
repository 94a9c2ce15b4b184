"""Look at the data before training: 25 examples with their labels, the sizes of the classes, skipped files.

It reads the data of a training: the words are those of train.py.

python scripts/show.py domain=image
python scripts/show.py domain=image data=image/folder data.path=holiday.zip n=100
python scripts/show.py domain=go data=go/sgf data.path=games.tar.xz seed=1
python scripts/show.py domain=text data=text/sentences data.path=reviews.csv output=reviews
"""

from _start import script

main = script(__doc__, "show", "shared.explain:show", settles=["resume"])

if __name__ == "__main__":
    main()
