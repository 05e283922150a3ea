"""The checker of histories: it must find each kind of mistake, and take what a
store may do for what it is.

Usage: history_test.py
"""

import os
import random
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.system.history import MAYBE, NOTHING_DONE, OK, Operation, check


def write(value, begin, end, outcome=OK):
    return Operation("write", "k", value, begin, end, outcome)


def read(value, begin, end, outcome=OK):
    return Operation("read", "k", value, begin, end, outcome)


def incr(value, begin, end, outcome=OK):
    return Operation("incr", "k", value, begin, end, outcome)


def append(entry, value, begin, end, outcome=OK):
    return Operation("append", "k", value, begin, end, outcome, entry=entry)


class Case(unittest.TestCase):
    def accept(self, *history):
        self.assertEqual(check(history), [])

    def refuse(self, pattern, *history):
        found = check(history)
        self.assertEqual(len(found), 1, found)
        self.assertRegex(found[0], pattern)


class Registers(Case):
    def test_reads_see_what_was_written_before(self):
        self.accept(write(1, 0, 1), read(1, 2, 3), write(2, 4, 5),
                    read(2, 6, 7))

    def test_acknowledged_write_that_is_lost(self):
        self.refuse("read of 1 .*after the write of 2", write(1, 0, 1),
                    write(2, 2, 3), read(1, 4, 5))

    def test_store_that_lost_all(self):
        self.refuse("read of 0 .*after the write of 1", write(1, 0, 1),
                    read(0, 2, 3))

    def test_read_during_a_write_sees_either(self):
        for value in 1, 2:
            self.accept(write(1, 0, 1), write(2, 2, 9), read(value, 3, 4))

    def test_reads_that_go_back_during_a_write(self):
        self.refuse("read of 1 .*after the read of 2", write(1, 0, 1),
                    write(2, 2, 9), read(2, 3, 4), read(1, 5, 6))

    def test_reads_at_the_same_time_may_differ(self):
        self.accept(write(1, 0, 1), write(2, 2, 9), read(2, 3, 6),
                    read(1, 5, 8))

    def test_read_of_what_is_written_later(self):
        self.refuse("before the write of 1", read(1, 0, 1), write(1, 2, 3))

    def test_read_of_what_nobody_wrote(self):
        self.refuse("nobody wrote", write(1, 0, 1), read(7, 2, 3))

    def test_write_that_may_have_been_done_is_seen_late_or_never(self):
        maybe = write(2, 2, 3, MAYBE)
        self.accept(write(1, 0, 1), maybe, read(1, 4, 5), read(1, 6, 7))
        self.accept(write(1, 0, 1), maybe, read(1, 4, 5), read(2, 6, 7))

    def test_write_that_may_have_been_done_comes_and_goes(self):
        self.refuse("read of 1 .*after the read of 2", write(1, 0, 1),
                    write(2, 2, 3, MAYBE), read(2, 4, 5), read(1, 6, 7))

    def test_write_of_which_it_was_said_that_nothing_was_done(self):
        nothing = write(2, 2, 3, NOTHING_DONE)
        self.accept(write(1, 0, 1), nothing, read(1, 4, 5))
        self.refuse("nothing was done", write(1, 0, 1), nothing, read(2, 4, 5))

    def test_read_that_failed_says_nothing(self):
        self.accept(write(1, 0, 1), read(None, 2, 3, MAYBE))

    def test_keys_are_judged_each_by_itself(self):
        self.accept(write(1, 0, 1), read(0, 2, 3)._replace(key="other"))

    def test_random_history_of_a_good_store_is_accepted(self):
        for seed in range(50):
            with self.subTest(seed=seed):
                self.assertEqual(check(random_history(seed)), [])

    def test_random_history_with_one_old_answer_is_refused(self):
        for seed in range(50):
            with self.subTest(seed=seed):
                history = random_history(seed)
                last = max(x.value for x in history if x.what == "write")
                end = max(x.end for x in history)
                history.append(read(last - 1, end + 1, end + 2))
                self.assertNotEqual(check(history), [])


def random_history(seed):
    """Of a store that does each operation at one moment between its begin and
    its end."""
    r = random.Random(seed)
    moments = []
    now = 0.0
    for i in range(1, 30):
        begin = now + r.random()
        moment = begin + r.random()
        now = moment + r.random()
        moments.append((moment, write(i, begin, now)))
    for _ in range(60):
        moment = r.random() * now
        moments.append((moment, read(None, moment - r.random(),
                                     moment + r.random())))
    value = 0
    result = []
    for _, x in sorted(moments, key=lambda y: y[0]):
        if x.what == "write":
            value = x.value
        result.append(x._replace(value=value))
    return result


class Counters(Case):
    def test_each_number_once(self):
        self.accept(incr(1, 0, 1), incr(2, 2, 3), read(2, 4, 5))

    def test_number_that_was_given_twice(self):
        found = check([incr(1, 0, 3), incr(1, 1, 2), read(2, 4, 5)])
        self.assertEqual(found, ["k: 1 was answered 2 times"])

    def test_numbers_that_do_not_follow_time(self):
        self.refuse("after the incr of 2", incr(2, 0, 1), incr(1, 2, 3),
                    read(2, 4, 5))

    def test_increment_that_is_lost(self):
        found = check([incr(1, 0, 1), incr(2, 2, 3), read(1, 4, 5)])
        self.assertEqual(len(found), 2)
        self.assertRegex(found[1], "incremented 2 to 2 times")

    def test_increment_that_was_done_twice(self):
        found = check([incr(1, 0, 1), incr(3, 2, 3), read(3, 4, 5)])
        self.assertRegex("; ".join(found), "it says 3 after 2 increments")

    def test_increments_that_may_have_been_done(self):
        maybe = incr(None, 2, 3, MAYBE)
        self.accept(incr(1, 0, 1), maybe, read(1, 4, 5))
        self.accept(incr(1, 0, 1), maybe, read(2, 4, 5))
        self.refuse("1 to 2 times", incr(1, 0, 1), maybe, read(3, 4, 5))

    def test_increment_of_which_it_was_said_that_nothing_was_done(self):
        self.refuse("1 to 1 times", incr(1, 0, 1),
                    incr(None, 2, 3, NOTHING_DONE), read(2, 4, 5))


class Journals(Case):
    def test_entries_in_any_order(self):
        self.accept(append("a;", 4, 0, 3), append("b;", 2, 1, 2),
                    read("b;a;", 4, 5))

    def test_entry_that_is_lost(self):
        self.refuse("a; .*it is lost", append("a;", 2, 0, 1),
                    append("b;", 2, 2, 3), read("b;", 4, 5))

    def test_entry_that_is_there_twice(self):
        self.refuse("a; is there 2 times", append("a;", 4, 0, 1),
                    read("a;a;", 4, 5))

    def test_entry_at_another_place(self):
        found = check([append("a;", 2, 0, 1), append("b;", 4, 2, 3),
                       read("b;a;", 4, 5)])
        self.assertEqual(len(found), 2)
        self.assertRegex(found[0], "it ends at 4")

    def test_part_of_an_entry(self):
        self.refuse("middle", append("abc;", 4, 0, 1), read("abc;ab", 4, 5))

    def test_entry_that_nobody_appended(self):
        self.refuse("never appended", append("a;", 2, 0, 1),
                    read("a;b;", 4, 5))

    def test_entry_of_which_it_was_said_that_nothing_was_done(self):
        self.refuse("nothing was done", append("a;", None, 0, 1, NOTHING_DONE),
                    read("a;", 4, 5))

    def test_entry_that_may_have_been_appended(self):
        maybe = append("b;", None, 2, 3, MAYBE)
        self.accept(append("a;", 2, 0, 1), maybe, read("a;", 4, 5))
        self.accept(append("a;", 2, 0, 1), maybe, read("a;b;", 4, 5))

    def test_reads_that_differ(self):
        self.refuse("no beginning", append("a;", 2, 0, 1),
                    append("b;", 4, 2, 3), read("b;", 4, 5), read("a;b;", 6, 7))


if __name__ == "__main__":
    unittest.main(verbosity=2)
