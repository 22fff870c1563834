"""The rows of `benchmarks/faults.py`, one module each.

No attack reaches the real Hub: huggingface_hub reads its address when it is imported, and this package comes before.
"""

import os
import socket
import tempfile

with socket.socket() as _free:
    _free.bind(("127.0.0.1", 0))
    HUB_PORT = _free.getsockname()[1]

os.environ.setdefault("OMP_NUM_THREADS", "1")
_hf_home = tempfile.TemporaryDirectory(prefix="seedfaces-faults-hf-")  # removed at the end of this process
if not os.environ.get("HF_ENDPOINT", "").startswith("http://127.0.0.1:"):  # that of a stand-in, in tests
    os.environ |= {
        "HF_ENDPOINT": f"http://127.0.0.1:{HUB_PORT}",
        "HF_HOME": _hf_home.name,
        "HF_TOKEN": "hf_write",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
