"""`python -m gan.train.metrics`, as published model cards name it: the same as `python -m gan.train.measure`."""

from gan.train.measure.__main__ import run

if __name__ == "__main__":
    run()
