"""The role of administrator (rules P7, P8): taken and given by a file, but never from the last active one."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Loss:
    """A row that would take an active administrator away: his role by `No`, or himself by a date."""

    line: int
    person: int


@dataclass(slots=True)
class AdminLedger:
    """What a file says about administrators, judged after its last row."""

    active_before: set[int]
    gained: set[int] = field(default_factory=set)
    losses: list[Loss] = field(default_factory=list)

    def refused(self) -> list[Loss]:
        """Rule P7: return the losses that would leave no active administrator: the last in the file goes back."""
        lost = {loss.person for loss in self.losses}
        if not self.losses or (self.active_before | self.gained) - lost:
            return []
        last = max(self.losses, key=lambda loss: loss.line)
        return [loss for loss in self.losses if loss.person == last.person]
