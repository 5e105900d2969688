"""The images in which stages run: what each is made of, and how it is made.

facts         image.toml: what cannot be read from a Dockerfile
frameworks    what an image stands on: a base and pinned packages
recipes       what an image is made of; one made elsewhere is Foreign
answers       which settings an image says it takes
code          which files of an image a command reaches
build, steps, context, bases, pip_settings, offers    images for a Docker Engine
environments  the same for a machine without one
"""

from orchestration.images.recipes import Foreign, Image, Recipe, find, meant, names, recipe

__all__ = ["Foreign", "Image", "Recipe", "find", "meant", "names", "recipe"]
