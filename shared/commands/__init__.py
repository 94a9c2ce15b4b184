"""What the commands do: train a network, test it, ask it, export it, time it, train it again."""

from shared.commands.answering import Answers, answers, best
from shared.commands.bench import bench
from shared.commands.evaluate import data_of, evaluate, read_data
from shared.commands.export import export
from shared.commands.predict import SHOWN, Predictions, predict
from shared.commands.repeat import digest, repeat
from shared.commands.train import SAME, train, train_once
