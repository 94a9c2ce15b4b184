"""Write the parsed games of archives to one file, from which any machine trains in seconds.

python scripts/pack.py path=kgs.tar.xz
python scripts/pack.py 'path=[kgs.tar.xz,pro.tar.xz]' output=games.npz
"""

from _start import script

main = script(__doc__, "pack", "domains.go.records:pack")

if __name__ == "__main__":
    main()
