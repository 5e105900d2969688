"""What benchmarks/speed.py measures."""

from benchmarks.parts import works


def test_the_trainings_that_know_bfloat16_are_measured_in_it_with_all_else_alike():
    known, rough = works.works(), works.in_bfloat16()
    assert [*rough] == [f"{name}, bfloat16" for name in known if "training" in name and "SNGAN" not in name]
    for name, work in rough.items():
        plain = known[name.removesuffix(", bfloat16")]
        assert work.config == {**plain.config, "precision": "bfloat16"} and work.words == plain.words
