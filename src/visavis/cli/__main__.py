"""`python -m visavis.cli`, the same as `visavis`."""

from visavis.cli import main

if __name__ == "__main__":
    main()
