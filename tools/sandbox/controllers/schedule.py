"""When a CronJob is due: the five fields of cron (IEEE Std 1003.1, crontab)."""

from __future__ import annotations

from datetime import datetime, timedelta

_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES = {
    word: str(number)
    for words in (
        zip(
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
            range(1, 13),
            strict=True,
        ),
        zip(["sun", "mon", "tue", "wed", "thu", "fri", "sat"], range(7), strict=True),
    )
    for word, number in words
}
_DAYS_AHEAD = 366 * 5


class Schedule:
    """A parsed schedule. Raises ValueError with the real server's words when it cannot be read."""

    def __init__(self, text: str) -> None:
        fields = _NAMED.get(text.strip(), text).split()
        if len(fields) != 5:
            raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{text}]")
        self._minutes, self._hours, self._days, self._months, weekdays = (
            _numbers(field, low, high) for field, (low, high) in zip(fields, _RANGES, strict=True)
        )
        self._weekdays = {day % 7 for day in weekdays}
        self._any_day, self._any_weekday = fields[2].startswith("*"), fields[4].startswith("*")

    def next_after(self, moment: datetime) -> datetime | None:
        """The first due minute after a moment, or None within five years."""
        start = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        for ahead in range(_DAYS_AHEAD):
            day = start + timedelta(days=ahead)
            if not self._matches_day(day):
                continue
            for hour in sorted(self._hours):
                for minute in sorted(self._minutes):
                    due = day.replace(hour=hour, minute=minute)
                    if due >= start:
                        return due
        return None

    def _matches_day(self, day: datetime) -> bool:
        if day.month not in self._months:
            return False
        by_date, by_weekday = day.day in self._days, day.isoweekday() % 7 in self._weekdays
        if self._any_day or self._any_weekday:
            return by_date and by_weekday
        return by_date or by_weekday


def _numbers(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        first, last = _NAMES.get(first, first), _NAMES.get(last, last)
        try:
            start = low if first in ("*", "?") else int(first)
            end = high if first in ("*", "?") or (step and not dash) else int(last or first)
            width = int(step or 1)
        except ValueError:
            raise ValueError(
                f"failed to parse int from {part}: strconv.Atoi: parsing {part!r}: invalid syntax"
            ) from None
        if start < low:
            raise ValueError(f"beginning of range ({start}) below minimum ({low}): {part}")
        if end > high:
            raise ValueError(f"end of range ({end}) above maximum ({high}): {part}")
        found.update(range(start, end + 1, max(1, width)))
    return found
