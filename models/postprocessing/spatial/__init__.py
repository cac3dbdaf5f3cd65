"""A spatial renderer: every stem at a place in a room, at rest or moving.

`render_scene` is the whole of it; `python -m models.postprocessing.spatial` does it with files.
"""

from models.postprocessing.spatial.presets import SCENES, find_scene
from models.postprocessing.spatial.render import Rendered, Renderer, render_scene
from models.postprocessing.spatial.scene import Place, Scene, Source

__all__ = [
    "SCENES",
    "Place",
    "Rendered",
    "Renderer",
    "Scene",
    "Source",
    "find_scene",
    "render_scene",
]
