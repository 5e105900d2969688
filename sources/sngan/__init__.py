"""SNGAN (Chainer): the same files on Python 2.7 with Chainer 6.7 and on Python 3 with Chainer 7.8."""
