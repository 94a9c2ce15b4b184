"""Game records: SGF files as games."""

from domains.go.records.comments import Comment, with_comments
from domains.go.records.games import GameRecords
from domains.go.records.packed import pack
from domains.go.records.read import SUFFIXES, read_records
from domains.go.records.select import read_games
from domains.go.records.sgf import FILE_LIMIT, Record, UnusableError, read_sgf
from domains.go.records.write import write_sgf
