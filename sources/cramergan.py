"""python -m sources.cramergan VERB ...: the door to CramerGAN, which lives in sources/cramer_mmd."""

from sources.cramer_mmd.__main__ import main

if __name__ == "__main__":
    main("cramergan")
