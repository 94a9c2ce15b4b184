"""Comments on the moves of an SGF file, put in where they belong: every other byte of it stays as it is."""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from domains.go.records.sgf import Record, read_sgf
from domains.go.records.sgf_grammar import Node, decoded, main_lines, utf_16

_KEPT = {"B", "W", "C", "LB", "HO", "GM", "FF", "CA", "SZ"}
_LETTERS = "abcdefghijklmnopqrs"


class Comment(NamedTuple):
    """What is said of a move, or of the game.

    Attributes:
        ply: of the move, from 0; None: of the game, in its first node.
        text: ASCII, which every encoding of SGF files has, without brackets and backslashes.
        labels: by the points that get them.
        hot: whether the node is a place to look at (property HO).
    """

    ply: int | None
    text: str
    labels: Mapping[int, str] = MappingProxyType({})
    hot: bool = False


def with_comments(data: bytes, comments: Callable[[Record], Iterable[Comment]]) -> bytes:
    """The file with comments, each behind that of its node, if there is one; a node's labels stay.

    Args:
        data: the file's bytes, in any encoding.
        comments: on a game of the file.
    """
    codec = utf_16(data)
    text = decoded(data) if codec else data
    inserted: dict[int, str] = {}
    for record, line in zip(read_sgf(data), main_lines(data, _KEPT), strict=False):
        nodes = list(line)
        if not isinstance(record, Record) or not nodes:
            continue
        moves = [n for n, node in enumerate(nodes) for name in node if name in ("B", "W")]
        said: dict[int, list[Comment]] = {}
        for comment in comments(record):
            n = 0 if comment.ply is None else moves[comment.ply + record.moves_before]
            said.setdefault(n, []).append(comment)
        for n, of_node in said.items():
            inserted |= _inserted(nodes[n], of_node, record.size)
    places = [0, *sorted(inserted), len(text)]
    parts = [inserted.get(start, "").encode() + text[start:end] for start, end in pairwise(places)]
    whole = b"".join(parts)
    return whole.decode().encode(codec) if codec else whole


def _inserted(node: Node, comments: list[Comment], size: int) -> dict[int, str]:
    """What goes where: into the node's comment, and behind another of its properties."""
    behind, inside = "", "\n".join(comment.text for comment in comments)
    for comment in comments:
        if comment.labels and "LB" not in node:
            names = {point: _LETTERS[point % size] + _LETTERS[point // size] for point in comment.labels}
            behind += "LB" + "".join(f"[{names[point]}:{label}]" for point, label in comment.labels.items())
        behind += "HO[1]" * (comment.hot and "HO" not in node)
    end = max(end for name, values in node.items() if name != "C" for end in values.values()) + 1
    if "C" not in node:
        return {end: f"{behind}C[{inside}]"}
    return {end: behind, max(node["C"].values()): f"\n\n{inside}"}
