"""Wasserstein losses with gradient penalty and drift (appendix A.1; Gulrajani et al. 2017, equation 3).

Every loss is a float32 vector (N,), one value per image, to be minimised by its mean. `critic` is a
function of minibatches, images (N, R, R, 3) each, that returns the scores (N,) of each.
"""

import tensorflow as tf


def generator_loss(critic, fakes):
    """-D(fake)."""
    [scores] = critic(fakes)
    return -scores


def discriminator_loss(critic, reals, fakes, mixing, penalty, drift):
    """D(fake) - D(real) + penalty (|gradient of D at the mixed image| - 1)^2 + drift D(real)^2.

    mixing: (N, 1, 1, 1) in [0, 1), the mixed image is real + (fake - real) mixing.
    """
    real_scores, fake_scores = critic(reals, fakes)
    norms = gradient_norms(critic, reals + (fakes - reals) * mixing)
    return fake_scores - real_scores + penalty * tf.square(norms - 1) + drift * tf.square(real_scores)


def gradient_norms(critic, images):
    """Norm (N,) of the gradient of the sum of the scores with respect to each image."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        [scores] = critic(images)
        total = tf.reduce_sum(scores)
    return tf.sqrt(tf.reduce_sum(tf.square(tape.gradient(total, images)), axis=(1, 2, 3)))
