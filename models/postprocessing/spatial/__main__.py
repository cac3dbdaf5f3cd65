"""`python -m models.postprocessing.spatial`: see `command.py`."""

from models.postprocessing.spatial.command import main
from utils import run_script

if __name__ == "__main__":
    run_script(main)
