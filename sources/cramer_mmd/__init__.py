"""CramerGAN and MMDGAN (PyTorch): one body, and a module each of what differs."""
