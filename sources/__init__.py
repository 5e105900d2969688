"""Where images come from: the real data sets and the four GANs, one room each."""
