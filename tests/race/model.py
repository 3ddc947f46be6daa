# SPDX-License-Identifier: ISC
"""What is legal: from what each process was asked and answered, one order of publications, and what follows from it.

A publication is a step from the generation that was live (`previous`) to another. Numbers are given under the lock, so fills come in
the order of their numbers; rollbacks go in between, where their `previous` says. A killed process may have published or not: it
stands for a step that nothing else explains. Times are microseconds of CLOCK_MONOTONIC, and an interval is wider than the call.
"""
import sys

NODES_MAX = 200_000
sys.setrecursionlimit(10_000)


class Step:
    """One publication: live becomes `generation`, at some time from `earliest` to `latest`. op None: the state at the beginning."""

    def __init__(self, op, generation, is_known):
        self.op, self.generation, self.is_known = op, generation, is_known
        self.earliest = self.latest = 0
        self.kept = {generation}    # of what must be there, whatever else is
        self.good = set()           # those that are good for sure: no hook of theirs can have failed


class Undecided(Exception):
    pass


class Search:
    """Finds one order that explains every answer, or says that there is none."""

    def __init__(self, history, start, known, killed, end):
        self.history, self.start, self.killed, self.end = history, start, sorted(killed, key=lambda op: op.began), end
        self.fills = sorted((op for op in known if op.is_numbered), key=lambda op: op.generation)
        self.rollbacks = sorted((op for op in known if not op.is_numbered), key=lambda op: op.began)
        self.numbers = {op.generation for op in self.fills}
        self.dead_ends, self.nodes = set(), 0

    def deadline(self, at_fill, left):
        return min([op.ended for op in self.fills[at_fill:]] + [op.ended for op in left], default=1 << 62)

    def could_be(self, op, generation, at_fill):
        above = self.fills[at_fill - 1].generation if at_fill else self.history.highest_before
        if not op.is_numbered:
            return op.target in (-1, generation) and generation <= above
        below = self.fills[at_fill].generation if at_fill < len(self.fills) else 1 << 62
        return (above < generation < below and generation not in self.numbers and
                generation not in self.history.published_before and self.history.may_contain(generation, op))

    def orders(self):
        """One after the other, since rollbacks may make loops that fit in several places."""
        return self.go(self.start, 0, tuple(self.rollbacks), tuple(self.killed), self.history.since)

    def next_steps(self, live, at_fill, left, killed, time):
        deadline = self.deadline(at_fill, left)
        ready = [op for op in self.fills[at_fill:at_fill + 1] + list(left) if op.previous == live and op.began <= deadline]
        for op in sorted(ready, key=lambda op: op.ended):
            yield Step(op, op.generation, True)
        wanted = {op.previous for op in self.fills[at_fill:at_fill + 1] + list(left)} | ({self.end} if not left else set())
        for op in killed:
            if op.began <= deadline and op.ended >= time:
                for generation in sorted(wanted - {live, 0}):
                    if self.could_be(op, generation, at_fill):
                        yield Step(op, generation, False)

    def go(self, live, at_fill, left, killed, time):
        if at_fill == len(self.fills) and not left and live == self.end:
            yield []
            return
        state = (live, at_fill, left, killed)
        if state in self.dead_ends:
            return
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise Undecided
        is_dead = True
        for step in self.next_steps(live, at_fill, left, killed, time):
            for rest in self.go(step.generation, at_fill + (step.is_known and step.op.is_numbered),
                                tuple(op for op in left if op is not step.op), tuple(op for op in killed if op is not step.op),
                                max(time, step.op.began)):
                is_dead = False
                yield [step] + rest
        if is_dead:
            self.dead_ends.add(state)


class History:
    """What is known of one LINK over all rounds."""

    def __init__(self, name, keep, report):
        self.name, self.keep, self.report = name, keep, report
        self.content = {}            # generation -> token
        self.chain = {}              # generation -> what was live when it was first published
        self.given = {}              # number -> who it was given to
        self.published = set()
        self.published_before, self.highest_before = set(), 0
        self.live, self.kept, self.good, self.since = 0, set(), set(), 0
        self.hooked = None           # whether the last publication had an on-change command; None: not known
        self.live_since = 0               # no earlier than this the live one became so
        self.windows, self.killed = {}, []

    def note_content(self, generation, token, who):
        """Every look at a generation must find the same."""
        known = self.content.setdefault(generation, token)
        if known != token:
            self.report("whole", f"{self.name} {generation} holds {token} for {who}, and held {known} before")

    def may_contain(self, generation, op):
        if op.number is not None and op.number != generation:
            return False
        return op.token is None or self.content.get(generation, op.token) == op.token

    def note_number(self, number, op, time):
        if self.given.setdefault(number, op) is not op:
            self.report("numbers", f"{self.name} {number} was used by {op.id} and by {self.given[number].id}")
        op.number = number
        op.number_time = time

    def round(self, ops, end, now, claims=()):
        """All of a round's processes have ended, and LINK names `end`. Each claim is (generation, began, ended, who): it was live then."""
        known = [op for op in ops if op.changed]
        self.killed = [op for op in ops if op.was_killed and op.changed is None and op.may_publish]
        self.check_numbers(ops)
        claims = list(claims) + [(op.generation, op.began, op.ended, f"{op.id} ({op.kind})") for op in ops if op.changed is False]
        steps = None
        try:
            steps = self.explain(known, end, now, claims)
        except Undecided:
            print(f"# {self.name}: this round has too many possible orders, and was not judged")
        if steps is not None:
            self.check_answers(ops)
        self.finish(steps, known, end)

    def explain(self, known, end, now, claims):
        """The first order in which every claim holds; else what is wrong with the first."""
        wrong = None
        for steps in Search(self, self.live, known, self.killed, end).orders():
            self.place([Step(step.op, step.generation, step.is_known) for step in steps], now)
            unexplained = [claim for claim in claims if not self.is_explained(*claim[:3])]
            if not unexplained:
                return self.steps[1:]
            wrong = wrong or (unexplained[0], self.describe())
        if wrong:
            (generation, began, ended, who), order = wrong
            self.report("order", f"{self.name}: {who} saw generation {generation} live between {began} and {ended}, when it cannot have been live; "
                      f"an order that explains all other answers is {order}")
        else:
            self.report("order", f"{self.name}: no order of publications explains the answers: {self.live} was live before, {end} is live now; "
                      + ", ".join(f"{op.id} {op.kind} {op.previous}->{op.generation}" for op in known)
                      + "; killed " + ", ".join(op.id for op in self.killed))
        return None

    def check_numbers(self, ops):
        numbered = sorted((op for op in ops if op.number), key=lambda op: op.number)
        for a, b in zip(numbered, numbered[1:]):
            if b.ended < a.began:
                self.report("numbers", f"{self.name} {b.number} was used by {b.id} before {a.id} used {a.number}")
        if numbered and numbered[0].number <= self.highest_before:
            self.report("numbers", f"{self.name} {numbered[0].number} was used after {self.highest_before}")

    def place(self, steps, now):
        first = Step(None, self.live, True)
        first.earliest = first.latest = self.live_since
        first.kept, first.good = set(self.kept), set(self.good)
        self.steps = [first] + steps
        for before, step in zip(self.steps, steps):
            step.earliest = max(step.op.began, before.earliest)
            if step.is_known and step.op.is_numbered:
                self.chain[step.generation] = before.generation
            step.good = self.good_after(step, before)
            step.kept = self.keep_of(step, before)
        latest = now
        for step in reversed(steps):
            latest = step.latest = min(step.op.ended, latest)
        self.windows = {}
        for step, after in zip(self.steps, self.steps[1:] + [None]):
            self.windows.setdefault(step.generation, []).append((step.earliest, after.latest if after else now))

    def line(self, generation):
        """What was live when it was first published, and so on back."""
        generation = self.chain.get(generation)
        while generation:
            yield generation
            generation = self.chain.get(generation)

    def good_after(self, step, before):
        """A killed rollback that had a hook may have made any of them live, and its hook fail."""
        if not step.is_known:
            return set() if step.op.has_hook else before.good - {step.generation}
        return before.good - {step.generation} if step.op.has_hook else before.good | {step.generation}

    def keep_of(self, step, before):
        """Good ones of the live one's line come first, so one that has no more than `keep` before it in the line stays."""
        line = list(self.line(step.generation))[:self.keep] if step.is_known else []
        return {step.generation} | {number for number in line if number in before.kept and number in before.good}

    def is_explained(self, generation, began, ended):
        return (any(a <= ended and began <= b for a, b in self.windows.get(generation, ())) or
                any(op.began <= ended and (self.may_contain(generation, op) if op.is_numbered else True) for op in self.killed))

    def describe(self):
        return ", ".join(f"{step.op.id + ' ' + step.op.kind if step.op else 'start'}->{step.generation} [{step.earliest} {step.latest}]"
                         for step in self.steps)

    def states(self, began, ended):
        """All that may have been live at some time between; None: a killed one makes that unknown."""
        if any(op.began <= ended for op in self.killed):
            return None
        return [step for step, after in zip(self.steps, self.steps[1:] + [None])
                if step.earliest <= ended and (after is None or began <= after.latest)]

    def check_answers(self, ops):
        for op in ops:
            states = self.states(op.began, op.ended)
            if op.status == 7 and op.if_generation is not None and states and \
                    all(step.generation == op.if_generation for step in states):
                self.report("if-generation", f"{self.name} {op.if_generation} was live, and {op.id} was refused")
            if op.status == 7 and op.kind == "rollback" and states and \
                    all(any(target in step.kept for target in ([op.target] if op.target >= 0 else self.line(step.generation)))
                        for step in states):
                self.report("keep", f"{self.name}: {op.id} could not roll back to {op.target}, which should have been kept, from {[s.generation for s in states]}")

    def finish(self, steps, known, end):
        last = self.steps[-1] if steps else None
        if steps is None:
            self.hooked = None
        elif last:
            self.hooked = last.op.has_hook if last.is_known else None
            self.live_since = last.earliest
        self.kept = last.kept if last else self.kept if steps is not None else {end}
        self.good = last.good if last else self.good if steps is not None else set()
        self.published |= {op.generation for op in known} | {end}
        self.live = end

    def begin(self, now):
        self.published_before = set(self.published)
        self.highest_before = max(self.given, default=0)
        self.since = now
