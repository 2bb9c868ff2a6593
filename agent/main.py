"""Entry point of the runtime: `python main.py` serves the mortgage assistant until it is told to stop."""

import gc
import os
import sys

if __name__ == "__main__":
    # What is loaded here stays: looking through it for garbage, now or at each call, would be in vain.
    gc.disable()
    from mortgage.serve import main

    gc.freeze()
    gc.enable()
    sys.exit(main(os.environ))
