"""TRL's SFTTrainer as we use it. Imports torch and TRL: import this module only where training begins."""

import shutil
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, disable_progress_bars
from safetensors import SafetensorError
from torch.distributed.fsdp import MixedPrecisionPolicy
from torch.distributed.tensor import DTensor
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from phied_robot.training.configuration import Configuration, TrainingError
from phied_robot.training.encoding import Part
from phied_robot.training.processes import is_sharded


class TutorTrainer(SFTTrainer):  # type: ignore[misc]
    """Stops before a loss that is not finite can spoil the weights, and leaves no half checkpoint behind."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        """As SFTTrainer; the adapter stays in float32, in which small updates are not rounded away."""
        super().__init__(*arguments, **settings)
        for parameter in self.model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()

    def compute_loss(self, *arguments: Any, **settings: Any) -> Any:
        """The loss.

        Raises:
            TrainingError: it is not a finite number.
        """
        found = super().compute_loss(*arguments, **settings)
        loss = found[0] if isinstance(found, tuple) else found
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss.item()} in step {self.state.global_step + 1}; "
                "begin anew in another output folder with a lower learning_rate"
            )
        return found

    def create_model_card(self, *_arguments: Any, **_settings: Any) -> None:
        """Nothing: the adapter gets our own card at the end."""

    def _load_best_model(self) -> None:
        """Nothing: the recipe takes the files of the best checkpoint."""

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        step = self.state.global_step
        if not all(torch.isfinite(_held_here(one)).all() for one in self.model.parameters() if one.requires_grad):
            raise TrainingError(f"the adapter's weights are not finite after step {step}")
        folder = Path(self.args.output_dir) / f"checkpoint-{step}"
        try:
            super()._save_checkpoint(model, trial)
        except (OSError, RuntimeError, SafetensorError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise TrainingError(f"the checkpoint of step {step} cannot be written to {folder}: {error}") from error


def make_trainer(
    model: Any,
    tokenizer: Any,
    configuration: Configuration,
    train: Part,
    validation: Part | None,
    checkpoints: Path,
    dtype: torch.dtype,
    callbacks: list[TrainerCallback],
) -> TutorTrainer:
    """The trainer of a run: completions only, packed, evaluated and saved together.

    Args:
        model: the base with the adapter to train.
        tokenizer: of the base.
        configuration: the run's settings.
        train: what is learned from.
        validation: what the best checkpoint is chosen by; without it nothing is evaluated or saved.
        checkpoints: folder for them.
        dtype: in which torch computes.
        callbacks: told of each step.
    """
    evaluated: dict[str, Any] = {"save_strategy": "no"}
    if validation is not None:
        evaluated = {
            "eval_strategy": "steps",
            "eval_steps": configuration.evaluate_every,
            "save_strategy": "steps",
            "save_steps": configuration.evaluate_every,
            "save_total_limit": 1,  # and the best one
            "load_best_model_at_end": True,
            "metric_for_best_model": "eval_loss",
            "greater_is_better": False,
        }
        callbacks = [*callbacks, EarlyStoppingCallback(configuration.patience)]
    disable_progress_bars()
    on_gpu = next(model.parameters()).is_cuda
    settings = SFTConfig(
        output_dir=str(checkpoints),
        max_length=configuration.max_tokens,
        packing=True,
        packing_strategy="bfd",  # examples in a row do not see each other
        per_device_train_batch_size=configuration.batch,
        per_device_eval_batch_size=configuration.batch,
        gradient_accumulation_steps=configuration.accumulation,
        num_train_epochs=configuration.epochs or 1,
        max_steps=configuration.steps or -1,
        gradient_checkpointing=configuration.gradient_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False},
        learning_rate=configuration.learning_rate,
        warmup_steps=configuration.warm_up,
        lr_scheduler_type="cosine",
        optim="paged_adamw_8bit" if on_gpu and not is_sharded() else "adamw_torch",  # 8 bits cannot be divided
        bf16=dtype == torch.bfloat16,
        fp16=dtype == torch.float16,
        use_cpu=not on_gpu,
        dataloader_pin_memory=on_gpu,
        prediction_loss_only=True,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to=list(configuration.report_to) or "none",
        disable_tqdm=True,
        seed=configuration.seed,
        restore_callback_states_from_checkpoint=True,
        **evaluated,
    )
    trainer = TutorTrainer(
        model=model,
        args=settings,
        train_dataset=_dataset(train),
        eval_dataset=None if validation is None else _dataset(validation),
        processing_class=tokenizer,
        callbacks=callbacks,
    )
    if is_sharded():
        plugin = trainer.accelerator.state.fsdp_plugin
        # accelerate's own policy rounds gradients, and the loss, to 16 bits
        plugin.mixed_precision_policy = MixedPrecisionPolicy(param_dtype=dtype, reduce_dtype=torch.float32)
        # TRL's loss reads the head's weight and never calls the head, which FSDP waits for to gather a divided one
        plugin.ignored_modules = [model.get_output_embeddings()]
    trainer.remove_callback(PrinterCallback)
    return trainer


def _held_here(parameter: torch.Tensor) -> torch.Tensor:
    """Of a parameter that is divided among processes the part that this one holds; others are whole."""
    return parameter.to_local() if isinstance(parameter, DTensor) else parameter


def _dataset(part: Part) -> Dataset:
    return Dataset.from_list([one.row() for one in part.encoded])
