"""A GTP program that plays the first empty point of a checkerboard pattern, or misbehaves from a move on.

fake_engine.py MANNER [MOVE]
"""

import sys
import time

manner, since = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
letters = "ABCDEFGHJKLMNOPQRST"
pattern = [
    f"{letters[c]}{r + 1}" for r in range(19) for c in range(19) if (r + c) % 2 == 0 and (r, c) != (0, 0)
]
taken: list[str] = []
moves = 0

for line in sys.stdin:
    words = line.split()
    sign, answer = "=", ""
    if words[0] == "clear_board":
        taken, moves = [], 0
        if manner == "refuses":
            sign, answer = "?", "not today"
    elif words[0] == "set_free_handicap":
        taken += words[1:]
    elif words[0] == "play":
        taken.append(words[2].upper())
        if manner == "objects" and len(taken) > since:
            sign, answer = "?", "illegal move"
    elif words[0] == "genmove":
        moves += 1
        answer = next((point for point in pattern if point not in taken), "pass")
        if moves > since:
            if manner == "passes":
                answer = "PASS"
            elif manner == "resigns":
                answer = "resign"
            elif manner == "repeats":
                answer = taken[0]
            elif manner == "talks":
                answer = "the centre\nof the board"
            elif manner == "crashes":
                sys.exit("out of ideas")
            elif manner == "sleeps":
                time.sleep(600)
        taken.append(answer.upper())
    elif words[0] == "final_score":
        answer = manner
    sys.stdout.write(f"{sign} {answer}\n\n")
    sys.stdout.flush()
