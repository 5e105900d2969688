"""The published losses, each (N,), one value per image. Images are (N, R, R, 3) in [-1, 1]."""

import tensorflow as tf


def cross_entropy(logits, labels):
    """Softmax cross entropy of logits (N, labels) with one-hot labels (N, labels)."""
    return tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def autoencoder_loss(images, reconstructions, logits, labels, scores, settings):
    """Loss of EG: cross entropy + reconstruction error (L1) - its critic's score.

    scores: (N, 1), of the reconstructions. Yu et al. 2019, section 3.
    """
    error = tf.reduce_mean(tf.abs(reconstructions - images), axis=(1, 2, 3))
    return (cross_entropy(logits, labels) + settings.rec_weight * error
            - settings.rec_g_weight * tf.squeeze(scores, 1))


def critic_loss(critic, images, reconstructions, mixing, settings):
    """Loss of D_rec: WGAN-GP with a small drift term.

    Gulrajani et al. 2017; Karras et al. 2018, appendix A.1.
    critic: function images -> scores (N, 1). mixing: (N, 1, 1, 1) in [0, 1), the share of the
    reconstruction in the images at which the gradient is measured.
    """
    real, fake = tf.squeeze(critic(images), 1), tf.squeeze(critic(reconstructions), 1)
    penalty = tf.square(_gradient_norm(critic, images + (reconstructions - images) * mixing) - 1)
    return fake - real + settings.wgan_lambda * penalty + settings.wgan_epsilon * tf.square(real)


def _gradient_norm(critic, images):
    """Norm, (N,), of the gradient of the sum of the scores."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(critic(images))
    return tf.sqrt(tf.reduce_sum(tf.square(tape.gradient(total, images)), axis=(1, 2, 3)))
