"""CUDA flavours on GPUs that are not there. Nothing builds them for this: Docker must have their frameworks already."""

import shutil

import pytest

from orchestration import images
from orchestration.images import build
from tests.gpu.dryrun import dryrun

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def built(docker_engine):
    """A function: name of an image -> the reference of its CUDA flavour."""
    def make(name):
        recipe = images.recipe(name, "cuda")
        if not docker_engine.client.images.list(recipe.framework.reference):
            pytest.skip(f"{recipe.framework.reference} is not built: orchestrate.py images {name} --flavour cuda")
        if shutil.which("cc") is None:
            pytest.skip("no C compiler is here")
        build.build(docker_engine.client, [recipe], lambda event: None)
        return recipe.reference

    return make


@pytest.fixture(scope="module")
def on(built, tmp_path_factory):
    """A function: capability and refused call of a pretended GPU -> SNGAN's image on it."""
    reference, made = built("sngan"), dryrun.library(tmp_path_factory.mktemp("library"))
    return lambda capability, refuses="": dryrun.Pretended(reference, made, capability, refuses)


@pytest.mark.parametrize("capability", [dryrun.CAPABILITIES[0], dryrun.CAPABILITIES[-1]])
def test_every_kernel_is_compiled_and_every_call_answered(on, tmp_path, capability):
    counted = dryrun.dry_run(on(capability), tmp_path)
    assert {verb: said.split()[1::2] for verb, said in counted.items()} == dict.fromkeys(
        ("train", "generate"), ["kernels,", "launches,", "calls"])
    assert all(int(number) > 0 for said in counted.values() for number in said.split()[::2])


@pytest.mark.parametrize(("capability", "refuses", "complaint"), [
    ("3.0", "", "exit status 3: error: --device cuda: .*invalid value for --gpu-architecture"),
    ("8.6", "cuLinkAddData", "exit status 3: error: --device cuda: .*CUDA_ERROR_INVALID_VALUE"),
    ("8.6", "cudnnBatchNormalizationBackward", "exit status 1: .*CuDNNError"),
    ("8.6", "cudaMalloc", "exit status 3: error: --device cuda: .*cudaErrorInvalidValue")])
def test_what_is_not_compiled_or_refused_fails(on, tmp_path, capability, refuses, complaint):
    with pytest.raises(dryrun.Failed, match=complaint):
        dryrun.dry_run(on(capability, refuses), tmp_path)


@pytest.mark.parametrize("image", ["progan", "attribution"])
def test_tensorflow_finds_the_libraries_without_which_it_sees_no_gpu(built, tmp_path, image):
    assert dryrun.seen(image, built(image), tmp_path) == "cuda"
