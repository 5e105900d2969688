"""The methods that the learnt one is compared with (Yu et al. 2019, section 4.2). No framework.

knn, eigenface, prnu    one method each: NAME, read(config path) -> Settings, plan(settings, sets)
                        -> [Block], Trainer, scorer(weights) -> function of images
passes                  the steps of a training: blocks of images, pass after pass
principal, denoising, cleanups    what the methods compute with
probability             one factor that makes scores of a method's margins
"""
