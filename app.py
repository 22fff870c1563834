"""The Space: `python app.py` serves the page on http://127.0.0.1:7860 (or the next free port).

SEEDFACES_MODEL names other weights to show first: a folder, or user/name[@revision] on the Hugging Face Hub.
"""

import gc
import os
import sys

try:
    import spaces  # only on ZeroGPU: it must be imported before torch, and one decorated function is required
except ImportError:
    pass
else:

    @spaces.GPU
    def gpu_name() -> str:
        """Name of ZeroGPU's GPU. Faces are made on the CPU everywhere, so that links show the same faces."""
        import torch

        return torch.cuda.get_device_name()


from gan import UserError, show_anything
from gan.serve import DEFAULT, WEIGHTS
from gan.serve.proxies import heed_proxies
from gan.serve.variables import heed_gradio_variables

try:
    heed_gradio_variables()
except UserError as error:
    sys.exit(f"Error: {error}")
heed_proxies()
# visitors keep all cores busy; threads of NumPy's libraries would wait for each other (a fifth of a verdict)
os.environ.setdefault("OMP_NUM_THREADS", "1")
gc.disable()  # the imports make a million objects and no garbage: until `launch`, looking for it would take a second

from gan.serve.page.launch import launch  # noqa: E402

if __name__ == "__main__":
    show_anything()
    try:
        launch(WEIGHTS, DEFAULT, os.environ.get("SEEDFACES_MODEL", ""))
    except UserError as error:
        sys.exit(f"Error: {error}")
