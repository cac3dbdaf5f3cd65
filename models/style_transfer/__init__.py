"""The same notes and rhythm in another style: by name, by a blend of names, like a recording.

`transfer_style(model, song, style="jazz", strength=0.6)`; `python -m models.style_transfer`.
"""

from models.style_transfer.target import Target, parse_blend
from models.style_transfer.transfer import transfer_style

__all__ = ("Target", "parse_blend", "transfer_style")
