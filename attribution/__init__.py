"""Attribution: which source made an image. The published classifier, the visualisation network, the report."""
