"""CramerGAN and MMDGAN (PyTorch): one body of networks and training loop, two critics, two images."""
