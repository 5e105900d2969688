"""What engines, drivers and frameworks say when something is missing, in other words: what it is, what mends it."""

_UNSEEN = ("the engine does not see this place: it runs on another machine or, as Docker from snap does, "
           "sees your home alone; choose places that it sees (--store DIR, TMPDIR for `attribute`), use an "
           "engine of this machine, or --engine process")
_OLD_DRIVER = ("the NVIDIA driver is older than the code that it is to compile for this GPU; install a newer one "
               "(orchestrate.py doctor says which)")
_KNOWN = {  # {what is said: what it is and what mends it}
    "could not select device driver":
        "the engine has no way to give GPUs to containers; install nvidia-container-toolkit and "
        "restart the engine, or say `device: cpu` in the manifest",
    "unknown or invalid runtime name: nvidia":
        "the engine has no runtime nvidia; install nvidia-container-toolkit and restart the engine",
    "unresolvable CDI devices":
        "the CDI specification does not name this GPU; write it anew: nvidia-ctk cdi generate "
        "--output=/etc/cdi/nvidia.yaml",
    "unsatisfied condition: cuda":
        "the NVIDIA driver is older than the CUDA of the image; install a newer driver, or use an "
        "image with an older CUDA (orchestrate.py doctor compares them)",
    "Failed to initialize NVML":
        "the NVIDIA driver and its libraries do not match, or the container lost its GPU; reboot, "
        "or restart the engine",
    "nvml error: driver not loaded":
        "the NVIDIA driver is not loaded; install it or reboot (nvidia-smi must work first)",
    "compiled with an unsupported toolchain": _OLD_DRIVER,
    "CUDA_ERROR_UNSUPPORTED_PTX_VERSION": _OLD_DRIVER,
    "no kernel image is available for execution on the device":
        "the GPU is newer than the CUDA of the image, or older (orchestrate.py doctor compares them); "
        "say `device: cpu` in the manifest",
    "no space left on device":
        "the disk is full; free some space (docker system prune), then run the same command again",
    "bind source path does not exist": _UNSEEN,
    "making volume mountpoint": _UNSEEN,  # Podman's words
    "container-init binary not found":
        "Podman lacks its init; install catatonit (apt install catatonit)",
}


def mend(text: str) -> str | None:
    """What is behind a message, and what mends it; None if the message is not a known one."""
    lowered = text.lower()
    return next((words for pattern, words in _KNOWN.items() if pattern.lower() in lowered), None)


def explain(text: str) -> str:
    """A message on one line, with what mends it if that is known."""
    line, words = " ".join(text.split()), mend(text)
    return f"{line}: {words}" if words else line
