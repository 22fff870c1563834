"""The Space: `python app.py` serves the page on http://127.0.0.1:7860 (or the next free port), with the embedded
weights or those that SEEDFACES_MODEL names: a folder, or user/name[@revision] on the Hugging Face Hub."""

import os
import sys
from pathlib import Path

try:
    # there only on ZeroGPU, which wants it before torch and refuses to start without a decorated function
    import spaces
except ImportError:
    pass
else:

    @spaces.GPU
    def gpu_name() -> str:
        """The GPU that ZeroGPU lends. The faces themselves are made on the CPU, everywhere alike: links stay true."""
        import torch

        return torch.cuda.get_device_name()


from gan import UserError
from gan.serve.page.launch import launch

WEIGHTS = Path(__file__).parent / "weights"  # each generator in it can be chosen on the page
DEFAULT = "faces-128"  # which of them comes first

if __name__ == "__main__":
    try:
        launch(WEIGHTS, DEFAULT, os.environ.get("SEEDFACES_MODEL", ""))
    except UserError as error:
        sys.exit(f"Error: {error}")
