"""What this machine is: memory, disk, processor. Linux first; elsewhere what Python knows."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from visavis.models.weights import WeightsStore
from visavis.models.weights_choice import OPTIONS, LlmChoice, choose_llm, estimated_speeds


@dataclass(slots=True, frozen=True)
class Machine:
    system: str
    cores: int
    """Usable by this process."""
    flags: frozenset[str]
    """Processor features as Linux names them."""
    model_name: str
    memory_total: int
    memory_available: int
    """Bytes; a container's limit counts."""


def look() -> Machine:
    """This machine."""
    total, available = _memory()
    flags, name = _processor()
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    return Machine(platform.platform(terse=True), cores, flags, name, total, available)


def fitting_llm(store: WeightsStore) -> LlmChoice:
    """The embedded language model for this machine; a file already fetched costs no disk."""
    machine = look()
    speeds = estimated_speeds(machine.cores, "avx2" in machine.flags, "avx512f" in machine.flags)
    there = sum(s.bytes_present for s in store.status() if s.file.name.endswith(".gguf"))
    return choose_llm(machine.memory_available, disk_free(store.cache) + there, speeds)


def llm_to_use(store: WeightsStore) -> LlmChoice:
    """The one that fits this machine, unless only another is here: what to fetch was decided
    when the weights were pulled, and half a gigabyte need not be fetched again."""
    fitting = fitting_llm(store)
    if store.has(fitting.name):
        return fitting
    here = next((option for option in OPTIONS if store.has(option.name)), None)
    if here is None:
        return fitting
    return LlmChoice(here.name, f"Using the {here.label} language model, which is here already.")


def disk_free(folder: Path) -> int:
    """Bytes free where `folder` is or would be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _memory() -> tuple[int, int]:
    fields = {}
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            name, _, rest = line.partition(":")
            fields[name] = int(rest.split()[0]) * 1024
    except OSError:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return pages, pages
    total, available = fields["MemTotal"], fields["MemAvailable"]
    limit, used = _number("memory.max"), _number("memory.current")
    if limit is not None and limit < total:
        total, available = limit, min(available, max(0, limit - (used or 0)))
    return total, available


def _number(name: str) -> int | None:
    """A value of the control group, or None where there is no limit."""
    try:
        text = Path("/sys/fs/cgroup", name).read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _processor() -> tuple[frozenset[str], str]:
    flags: frozenset[str] = frozenset()
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return flags, name
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features") and not flags:
            flags = frozenset(value.split())
        elif key.strip() == "model name":
            name = value.strip()
    return flags, name
