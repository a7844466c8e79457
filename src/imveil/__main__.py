"""`python -m imveil` is the command line."""

from imveil.cli import main

if __name__ == "__main__":
    main()
