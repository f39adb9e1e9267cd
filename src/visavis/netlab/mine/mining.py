"""From sessions to patterns: group, split, fit, describe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from visavis.netlab.generative import Generative
from visavis.netlab.mine.fit import fit_direction
from visavis.netlab.mine.groups import Group
from visavis.netlab.mine.session import DelayKind, Observable, Session
from visavis.netlab.mine.stats import figures
from visavis.netlab.mine.windows import fit_windows
from visavis.netlab.scenario import Observable as Shown
from visavis.netlab.scenario import Origin, Scenario


@dataclass(slots=True, frozen=True)
class Pattern:
    """A scenario and what it was made from."""

    scenario: Scenario
    fitted: tuple[Session, ...]
    held_out: tuple[Session, ...]


def split(sessions: Sequence[Session]) -> tuple[list[Session], list[Session]]:
    """Every second recording, in the order of names, is held out of the fit. Both directions of
    one recording stay together. One recording alone is fitted, and nothing is held out."""
    recordings = sorted({_recording(each) for each in sessions})
    held = set(recordings[1::2])
    return (
        [each for each in sessions if _recording(each) not in held],
        [each for each in sessions if _recording(each) in held],
    )


def mine(
    groups: Sequence[tuple[Group, list[Session]]],
    done: Callable[[str], None] = lambda name: None,
) -> list[Pattern]:
    """A pattern per group; `done` hears of each. TraceError if a group cannot be fitted."""
    whole = sum(each.duration_s for _, members in groups for each in _once(members))
    found = []
    for group, members in groups:
        fitted, held = split(members)
        share = sum(each.duration_s for each in _once(members)) / whole
        found.append(Pattern(_scenario(group, fitted, held, share), tuple(fitted), tuple(held)))
        done(group.name)
    return found


def _scenario(group: Group, fitted: list[Session], held: list[Session], share: float) -> Scenario:
    ways = {way: [each for each in fitted if each.direction == way] for way in ("up", "down")}
    chain = None
    if ways["up"] and ways["down"]:
        up, down = _fit(ways["up"], group), _fit(ways["down"], group)
    else:
        up, down = _fit(fitted, group), None
        # In the same state both ways at once: then they share its stalls too.
        chain, up = up.chain, up.model_copy(update={"chain": None})
    observable = set().union(*(each.observable for each in fitted))
    round_trip = any(each.delay_kind is DelayKind.ROUND_TRIP for each in fitted)
    assumed = [group.assumed] if group.assumed else []
    if round_trip:
        assumed.append("both ways alike: each has half of the round trip's floor, and a stall"
                       " holds both")  # fmt: skip
    if Observable.LOSS not in observable:
        assumed.append("no loss: the source shows none")
    elif Observable.BURSTS not in observable and group.burst_after_loss is None:
        assumed.append("losses independent: the source shows no bursts")
    return Scenario(
        name=group.name,
        what=group.what,
        origin=Origin(
            kind="mined",
            source=f"{group.source or 'recordings'}; {_recordings(fitted)} recordings fitted,"
            f" {_recordings(held)} held out",
            observable=_shown(observable, round_trip),
            assumed="; ".join(assumed),
            licence=group.licence,
        ),
        share=round(share, 4),
        figures=figures(fitted),
        chain=chain,
        up=up,
        down=down,
    )


def _fit(sessions: list[Session], group: Group) -> Generative:
    if any(each.windows is not None for each in sessions):
        return fit_windows(sessions)
    return fit_direction(sessions, group.known())


def _shown(observable: set[Observable], round_trip: bool) -> tuple[Shown, ...]:
    out: list[Shown] = []
    if Observable.LOSS in observable:
        out.append("loss")
    if Observable.DELAY in observable:
        out.append("rtt" if round_trip else "delay")
    if Observable.REORDER in observable:
        out.append("order")
    if Observable.CAPACITY in observable:
        out.append("capacity")
    return tuple(out)


def _recording(each: Session) -> str:
    """Both directions of a link trace (`drive.up`, `drive.down`) are one recording."""
    name = each.name.removesuffix(":up").removesuffix(":down")
    return name.removesuffix(".up").removesuffix(".down")


def _recordings(sessions: Sequence[Session]) -> int:
    return len({_recording(each) for each in sessions})


def _once(sessions: Sequence[Session]) -> list[Session]:
    """One session per recording: both directions took the same time."""
    return list({_recording(each): each for each in sessions}.values())
