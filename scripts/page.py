"""Write one file to send: a page with one network, which opens from disk and computes in the browser.

python scripts/page.py run=image/digits output=page.html
"""

from _start import script

main = script(__doc__, "page", "shared.app:write_page")

if __name__ == "__main__":
    main()
