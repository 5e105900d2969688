"""Real images: CelebA, LSUN bedroom and photographs, as image sets."""
