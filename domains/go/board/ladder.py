"""Ladders, read to their end: sequences in which every move of the attacker is an atari.

The *prey* is a string with two liberties, and the attacker is to move. The attacker plays on one of the two;
the defender extends at the last liberty, or captures a string in atari that touches the prey. With three
liberties the prey has escaped; it is caught if no defence leaves it more than one.

- Depth is not limited: a ladder runs from corner to corner. A budget of attacker's moves, far above those of
  a ladder across the board, limits the time of hostile positions; beyond it the prey counts as not caught,
  and the answer can depend on the order of the moves read, that is on how the board is turned.
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
    SIDES,
    STATE,
    State,
    count_liberties,
    get,
    next_liberty,
    play,
    preview,
    undo,
)

BUDGET_PER_READ = 100_000


@compiled
def ladder_works(s: State, prey: int, cell: int, colour: int) -> bool:
    """Whether a move works in a ladder against the string of stone ``prey``.

    A move of the other colour works if it catches the string, which has two liberties; a legal move of its
    own colour if it saves the string, which is in atari.
    """
    s[BUDGET] = BUDGET_PER_READ
    return _works(s, prey, cell, colour)


@compiled
def _works(s: State, prey: int, cell: int, colour: int) -> bool:
    """As ``ladder_works``, within the remaining budget."""
    own, mark = get(s, prey), s[LOG]
    if colour == own:
        play(s, cell, own)
        head = get(s, HEAD + prey)
        liberties = count_liberties(s, head)
        saved = liberties > 2
        if liberties == 2:
            one = next_liberty(s, head, 0)
            other = next_liberty(s, head, one)
            saved = not (_works(s, prey, one, 3 - own) or _works(s, prey, other, 3 - own))
        undo(s, mark)
        return saved

    s[BUDGET] -= 1
    if s[BUDGET] < 0 or s[LOG] > STATE - 2 * PLAY_LOG:
        return False
    captured, stones, liberties = preview(s, cell, colour)
    if liberties == 0 or (captured == 1 and stones == 1 and liberties == 1):
        return False  # suicide, or a ko
    head = get(s, HEAD + prey)
    defence = next_liberty(s, head, 0)
    if defence == cell:
        defence = next_liberty(s, head, defence)
    if captured == 0 and preview(s, defence, own)[2] > 3:
        return False  # it extends to three liberties: most reads end here, before a move is played
    play(s, cell, colour)
    liberties = preview(s, defence, own)[2]  # of the prey, once extended
    saved = liberties > 2 or (liberties == 2 and _works(s, prey, defence, own))
    capture = 0 if saved else next_capture(s, prey, 0)
    while capture != 0 and not saved:
        saved = preview(s, capture, own)[2] > 0 and _works(s, prey, capture, own)
        capture = next_capture(s, prey, capture)
    undo(s, mark)
    return not saved


@compiled
def next_capture(s: State, prey: int, after: int) -> int:
    """The first cell after ``after`` that captures a string beside the prey; 0 if there is none."""
    best, hostile = CELLS, 3 - get(s, prey)
    stone = prey
    while True:
        for step in SIDES:
            if get(s, stone + step) == hostile:
                threat = get(s, HEAD + stone + step)
                if count_liberties(s, threat) == 1:
                    cell = next_liberty(s, threat, 0)
                    if after < cell < best:
                        best = cell
        stone = get(s, NEXT + stone)
        if stone == prey:
            break
    return best if best < CELLS else 0
