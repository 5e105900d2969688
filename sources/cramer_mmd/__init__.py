"""CramerGAN and MMDGAN (PyTorch): one body of networks and training loop; each has a module of what differs."""
