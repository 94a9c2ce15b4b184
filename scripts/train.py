"""Train a network, test it, and keep everything in a run folder.

python scripts/train.py domain=go
python scripts/train.py domain=go model=go/residual model.filters=96 seed=1
python scripts/train.py domain=go data=go/sgf data.path=games.tar.xz experiment=go/kgs
python scripts/train.py resume=runs/go/20260101-120000-1a2b3c
python scripts/train.py domain=image init=image/digits 'freeze=[conv*]' data=image/folder data.path=holiday.zip
python scripts/train.py domain=image logger=[tensorboard,csv] callbacks=learning_rate
python scripts/train.py -m domain=image model=image/lecture,image/dense seed=0,1,2 hydra/launcher=joblib
python scripts/train.py domain=go trainer=ddp trainer.devices=4
"""

from _start import script

main = script(__doc__, "train", "shared.commands:train", alone=[("resume", "*", "trainer.max_epochs")])

if __name__ == "__main__":
    main()
