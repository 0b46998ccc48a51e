"""The same call many times at once, at every node."""
from __future__ import annotations

from collections import Counter, defaultdict

from bank import LEAST_LOOKS
from testbed.light_agent import Kind, outcomes

SLOW = Kind("slow", 5, '"ms":20')


def test_of_duplicates_at_once_one_is_paid_and_all_have_its_result(bank, count, full):
    """B3."""
    keys, copies = count(1_000, 50), count(200, 40)
    house = bank()
    with house.watched() as sampler:
        agent = house.agent("b3", keys, [SLOW], connections=copies, eras=("session",), together=True)
        samples = agent.finish(within=3000)
        house.close_books()
    runs = house.upstream.runs()
    hashes, first = defaultdict(set), {}
    for sample in samples:
        if sample.paid:
            hashes[sample.call].add(sample.hash)
            first.setdefault(sample.call, sample)
    tally = house.tally(list(first.values()))
    ran = Counter(runs[f"b3-{number}"] for number in range(keys))
    print(f"\nB3: {keys} keys, {copies} at once each: {outcomes(samples)}; {tally}; {sampler.rate:.0f} looks/s at the books")
    assert {sample.outcome for sample in samples} <= {"result", "in_progress"}, outcomes(samples)
    assert len(first) == keys, f"{keys - len(first)} keys without a result"
    assert all(len(each) == 1 for each in hashes.values()), "two results of one key"
    assert ran == {1: keys}, f"how often calls ran: {ran}"
    assert not full or sampler.rate >= LEAST_LOOKS, sampler.rate
