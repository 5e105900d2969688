"""Attribution: which source made an image. The learnt classifier, the visualisation network."""
