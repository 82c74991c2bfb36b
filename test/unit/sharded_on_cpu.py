"""`phied` in processes that divide a model among them without a GPU, which accelerate alone would not do.

They compute in the torch dtype that the environment variable COMPUTE_IN names.
"""

import os
from typing import Any

import torch
from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import DistributedType

from phied_robot.cli.main import main
from phied_robot.training import recipe

begin = AcceleratorState.__init__


def begin_sharded(state: Any, *arguments: Any, fsdp_plugin: Any = None, **settings: Any) -> None:
    begin(state, *arguments, fsdp_plugin=fsdp_plugin, **settings)
    if fsdp_plugin is not None:
        state.fsdp_plugin = fsdp_plugin
        state.distributed_type = PartialState._shared_state["distributed_type"] = DistributedType.FSDP


if __name__ == "__main__":
    AcceleratorState.__init__ = begin_sharded
    recipe.precision = lambda _device: getattr(torch, os.environ["COMPUTE_IN"])
    main()
