"""`python -m ftft` is `ftft`."""

from ftft.cli import main

if __name__ == "__main__":
    main()
