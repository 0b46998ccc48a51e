"""Prints when windows end, one case a line, as Python's zoneinfo has it: zone period now first second, in unix seconds.

Each end is found by its definition, the first instant whose local date is not before a day; nothing of how we find it is used.
"""

import random
import sys
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

DAY = 86_400
PERIODS = ["day", "week", "month"]
CURIOUS = [
    "Europe/Berlin", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Apia", "UTC", "Australia/Lord_Howe",
    "America/St_Johns", "Asia/Gaza", "America/Havana", "Africa/El_Aaiun", "Europe/Dublin", "Pacific/Kwajalein", "Antarctica/Troll",
    "America/Scoresbysund", "Asia/Tehran", "Africa/Monrovia", "Asia/Amman",
]


def offset(zone, instant):
    return int(datetime.fromtimestamp(instant, zone).utcoffset().total_seconds())


def local_date(zone, instant):
    return datetime.fromtimestamp(instant, zone).date()


def transitions(zone, begin, end, step):
    """The instants from begin to end at which the offset changes; none of two within one step."""
    found = []
    before = offset(zone, begin)
    for later in range(begin + step, end + step, step):
        after = offset(zone, later)
        if after != before:
            low, high = later - step, later
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            found.append(high)
        before = after
    return found


def start(zone, day):
    midnight = (day - date(1970, 1, 1)).days * DAY
    begin, end = midnight - 27 * 3600, midnight + 27 * 3600
    turns = transitions(zone, begin, end, 3600)
    candidates = [*turns, *(midnight - offset(zone, at) for at in [begin, *turns])]
    return min(at for at in candidates if local_date(zone, at) >= day)


def later(day, period, count):
    if period == "day":
        return day + timedelta(days=count)
    if period == "week":
        return day - timedelta(days=day.isoweekday() - 1) + timedelta(weeks=count)
    months = day.year * 12 + day.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)


def ends(zone, period, now):
    found, count = [], 0
    while len(found) < 2:
        count += 1
        end = start(zone, later(local_date(zone, now), period, count))
        if end > (found[-1] if found else now):
            found.append(end)
    return found


def cases(chance):
    for name in sorted(available_timezones() - {"localtime"}):
        for _ in range(3):
            yield name, chance.choice(PERIODS), chance.randrange(0, 4_700_000_000)
    for name in CURIOUS:
        turns = transitions(ZoneInfo(name), 0, 2_300_000_000, DAY // 4)
        for turn in [*(turns if len(turns) < 20 else chance.sample(turns, 20)), 1_325_239_200 - DAY]:
            for now in [turn - 1, turn, turn + 1800, turn - chance.randrange(2 * DAY)]:
                yield name, chance.choice(PERIODS), now


for name, period, now in cases(random.Random(int(sys.argv[1]))):
    print(name, period, now, *ends(ZoneInfo(name), period, now))
