"""Runs calls of hvac one by one, prints a row for each, and knows which of its public surface was never called."""

import functools
import inspect
import os
import sys


class Work:
    def __init__(self):
        self.called = set()
        self.rows = 0
        self.failures = []

    def ok(self, function, *args, want=None, holds=None, **kwargs):
        """Calls; the answer must hold `want` (dictionaries: at least those keys) and satisfy `holds`."""
        name = self._note(function)
        try:
            answer = function(*args, **kwargs)
        except Exception as error:  # whatever a client throws is a row of the table
            self._row(name, f"{type(error).__name__}: {error}", failed=True)
            return None
        missing = difference(answer, want) if want is not None else None
        if missing is None and holds is not None and not satisfies(holds, answer):
            missing = f"not as expected: {str(answer)[:300]}"
        self._row(name, missing or "as expected", failed=missing is not None)
        return answer

    def fails(self, error_class, text, function, *args, **kwargs):
        """Calls; hvac must throw just this class, with this text in what it says."""
        name = self._note(function)
        try:
            answer = function(*args, **kwargs)
        except Exception as error:
            right = type(error) is error_class and text in str(error)
            self._row(name, f"{type(error).__name__}: {str(error)[:120]}".strip(), failed=not right)
        else:
            self._row(name, f"expected {error_class.__name__}, got {str(answer)[:200]}", failed=True)

    def get(self, owner, name, want=None):
        """Reads a property that asks the server."""
        label = f"{type(owner).__name__}.{name}"
        self.called.add(label)
        return self.ok(named(label, lambda: getattr(owner, name)), want=want)

    def area(self, run, *args):
        """One that breaks off, since an answer it goes on with was not what it should be, does not keep the others from running."""
        try:
            run(self, *args)
        except Exception as error:
            self._row(run.__module__, f"broke off: {type(error).__name__}: {error}", failed=True)

    def check(self, what, condition, detail=""):
        self._row(what, "as expected" if condition else f"not so: {detail}", failed=not condition)

    def uncalled(self, classes, excused):
        """Public methods and properties of `classes` that no row called, without those excused by name or by class."""
        names = []
        for owner in classes:
            for name, member in vars(owner).items():
                public = callable(member) or isinstance(member, property)
                label = f"{owner.__name__}.{name}"
                if public and not name.startswith("_") and label not in self.called and label not in excused:
                    names.append(label)
        return sorted(names)

    def end(self):
        print(f"{self.rows} rows, {len(self.failures)} unexpected")
        for failure in self.failures:
            print(f"UNEXPECTED {failure}")
        sys.stdout.flush()
        os._exit(1 if self.failures else 0)

    def _note(self, function):
        label = getattr(function, "__qualname__", str(function))
        self.called.add(label)
        return label

    def _row(self, name, outcome, failed=False):
        self.rows += 1
        outcome = " ".join(outcome.split())
        caller = next((frame for frame in inspect.stack() if not frame.filename.endswith("work.py")), inspect.stack()[-1])
        print(f"{'!!' if failed else 'ok'} | {name} | {outcome}")
        if failed:
            self.failures.append(f"{name} (line {caller.lineno}): {outcome}")


def satisfies(holds, answer):
    try:
        return holds(answer)
    except (AttributeError, IndexError, KeyError, TypeError):
        return False


def named(label, function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        return function(*args, **kwargs)

    call.__qualname__ = label
    return call


def difference(answer, want, at=""):
    """What of `want` is not in `answer`, or None."""
    if isinstance(want, dict):
        if not isinstance(answer, dict):
            return f"{at or 'answer'}: {str(answer)[:200]} instead of {want}"
        for key, value in want.items():
            if key not in answer:
                return f"{at}.{key} is missing in {str(answer)[:300]}"
            found = difference(answer[key], value, f"{at}.{key}")
            if found:
                return found
        return None
    if isinstance(want, type):
        return None if isinstance(answer, want) else f"{at}: {answer!r} is no {want.__name__}"
    return None if answer == want else f"{at or 'answer'}: {answer!r} instead of {want!r}"
