"""What the commands do: train a network, test it, ask it, time it, and train it again and again."""

from shared.commands.answering import Answers, answers, best
from shared.commands.bench import bench
from shared.commands.evaluate import data_of, evaluate, read_data
from shared.commands.predict import SHOWN, Predictions, predict
from shared.commands.repeat import digest, repeat
from shared.commands.train import SAME, train, train_once
