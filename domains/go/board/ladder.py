"""Ladders, read to their end: sequences in which every move of the attacker is an atari.

The *prey* is a string with two liberties, and the attacker is to move. The attacker plays on one of the two;
the defender extends at the last liberty, or captures a string in atari that touches the prey. With three
liberties the prey has escaped; it is caught if no defence leaves it more than one.

- Depth is not limited: a ladder runs from corner to corner. A budget of attacker's moves, far above those of
  a ladder across the board, limits the time of hostile positions; beyond it the prey counts as not caught.
- Ko: capture never depends on one. The defender may retake a ko at once, as if it had a threat elsewhere, so
  that the attacker never catches the prey by taking a ko.
"""

from domains.go.board.compiled import compiled
from domains.go.board.state import (
    BUDGET,
    CELLS,
    HEAD,
    LOG,
    NEXT,
    PLAY_LOG,
    STATE,
    STRIDE,
    State,
    count_liberties,
    next_liberty,
    play,
    preview,
    undo,
)

BUDGET_PER_READ = 10_000


@compiled
def ladder_captures(s: State, prey: int, cell: int) -> bool:
    """Whether an atari at ``cell`` catches the string of stone ``prey``, which has two liberties."""
    s[BUDGET] = BUDGET_PER_READ
    return _catches(s, prey, cell)


@compiled
def ladder_escapes(s: State, prey: int, cell: int) -> bool:
    """Whether a legal move at ``cell`` saves the mover's string of stone ``prey``, which is in atari."""
    s[BUDGET] = BUDGET_PER_READ
    mark = s[LOG]
    play(s, cell, s[prey])
    head = s[HEAD + prey]
    liberties = count_liberties(s, head)
    saved = liberties > 1
    if liberties == 2:
        one = next_liberty(s, head, 0)
        saved = not (_catches(s, prey, one) or _catches(s, prey, next_liberty(s, head, one)))
    undo(s, mark)
    return saved


@compiled
def _catches(s: State, prey: int, cell: int) -> bool:
    """As ``ladder_captures``, within the remaining budget."""
    own = s[prey]
    attacker = 3 - own
    s[BUDGET] -= 1
    if s[BUDGET] < 0 or s[LOG] > STATE - 2 * PLAY_LOG:
        return False
    captured, stones, liberties = preview(s, cell, attacker)
    if liberties == 0 or (captured == 1 and stones == 1 and liberties == 1):
        return False  # suicide, or a ko
    head = s[HEAD + prey]
    last = next_liberty(s, head, 0)
    if last == cell:
        last = next_liberty(s, head, last)
    if captured == 0 and preview(s, last, own)[2] > 3:
        return False  # it extends to three liberties: most reads end here, before a move is played

    mark = s[LOG]
    play(s, cell, attacker)
    reply = s[LOG]
    caught = True
    defence, capture = last, 0
    while caught and defence != 0:
        if preview(s, defence, own)[2] > 0:
            play(s, defence, own)
            head = s[HEAD + prey]
            liberties = count_liberties(s, head)
            one = next_liberty(s, head, 0)
            if liberties == 2:
                caught = _catches(s, prey, one) or _catches(s, prey, next_liberty(s, head, one))
            elif liberties > 2:
                caught = False
            undo(s, reply)
        capture = next_capture(s, prey, capture)
        defence = capture
    undo(s, mark)
    return caught


@compiled
def next_capture(s: State, prey: int, after: int) -> int:
    """The first cell after ``after`` that captures a string beside the prey; 0 if there is none."""
    best = CELLS
    stone = prey
    while True:
        for step in (-STRIDE, -1, 1, STRIDE):
            if s[stone + step] == 3 - s[prey]:
                threat = s[HEAD + stone + step]
                if count_liberties(s, threat) == 1:
                    cell = next_liberty(s, threat, 0)
                    if after < cell < best:
                        best = cell
        stone = s[NEXT + stone]
        if stone == prey:
            break
    return best if best < CELLS else 0
