"""QLoRA: LoRA over a base packed to 4 bits."""

from .lora import Lora

METHOD = Lora
