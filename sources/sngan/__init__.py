"""SNGAN: Chainer 6.7 on Python 2.7. What loads no Chainer, such as the verb settings, runs on Python 3 too."""
