"""Play games between two Go programs: win rate with its interval, Elo difference, and the games as SGF.

python scripts/match.py
python scripts/match.py a=policy b=gnugo games=200 jobs=2
python scripts/match.py "a=python scripts/gtp.py run=runs/go/20260101-120000-1a2b3c" score=null
"""

from _start import script

main = script(__doc__, "match", "domains.go.match:match")

if __name__ == "__main__":
    main()
