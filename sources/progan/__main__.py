"""python -m sources.progan train|generate|import|export|check|settings"""

import os

from sources.contract import command

# TensorFlow, which the verbs load when they need it, speaks only of errors and keeps to the cores it is given.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", os.environ.get("OMP_NUM_THREADS", "0"))


if __name__ == "__main__":
    command.run("python -m sources.progan", "ProGAN (Karras et al. 2018) on TensorFlow",
                command.by_name("sources.progan"))
