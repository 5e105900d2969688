"""ProGAN: progressive growing of GANs (Karras, Aila, Laine, Lehtinen, ICLR 2018), on TensorFlow 2."""
