"""python -m sources.sngan train|generate|import|export|check|settings"""

from sources.contract import command

if __name__ == "__main__":
    command.run("python -m sources.sngan", "SNGAN (Miyato et al. 2018) on Chainer",
                command.by_name("sources.sngan"))
