"""What general networks see in images: features, and how far images look from each other."""
