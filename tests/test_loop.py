"""A run in this process; whole ones, in processes of their own, are in test_train_end_to_end.py."""

import pytest
import torch
from accelerate.state import AcceleratorState
from conftest import TINY

from gan import UserError
from gan.train.generator import loop
from train_accelerate import parse


def test_memory_that_runs_out_in_the_first_step_is_one_sentence_and_leaves_no_folder(pictures, tmp_path, monkeypatch):
    def backward(*arguments, **options):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    AcceleratorState._reset_state(reset_partial_state=True)
    monkeypatch.setattr(torch.Tensor, "backward", backward)
    words = ["--train_data_dir", pictures, "--output_dir", tmp_path / "runs" / "out", "--store_dir", tmp_path / "store"]
    with pytest.raises(UserError, match="batches of 4 pictures of 16 px: try --train_batch_size 2 --gradient_acc.* 2,"):
        loop.train(parse([*map(str, words), *TINY, "--mixed_precision", "no"]))
    assert not (tmp_path / "runs").exists()
