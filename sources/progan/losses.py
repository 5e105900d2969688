"""Wasserstein losses with gradient penalty and drift (appendix A.1; Gulrajani et al. 2017, equation 3).

Every loss is a float32 vector (N,), one value per image, to be minimised by its mean. `critic` is a
function images (N, R, R, 3) -> scores (N,).
"""

import tensorflow as tf


def generator_loss(critic, fakes):
    """-D(fake)."""
    return -critic(fakes)


def discriminator_loss(critic, reals, fakes, mixing, penalty, drift):
    """D(fake) - D(real) + penalty (|gradient of D at the mixed image| - 1)^2 + drift D(real)^2.

    mixing: (N, 1, 1, 1) in [0, 1), the mixed image is real + (fake - real) mixing.
    """
    real_scores = critic(reals)
    norms = gradient_norms(critic, reals + (fakes - reals) * mixing)
    return critic(fakes) - real_scores + penalty * tf.square(norms - 1) + drift * tf.square(real_scores)


def gradient_norms(critic, images):
    """Norm (N,) of the gradient of the sum of the scores with respect to each image."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(critic(images))
    return tf.sqrt(tf.reduce_sum(tf.square(tape.gradient(total, images)), axis=(1, 2, 3)))
