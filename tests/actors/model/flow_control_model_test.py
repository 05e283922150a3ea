"""The model of flow_control holds in each topology, and fails in the way that is
expected when a rule is broken. What the names mean is in actors/model/*.pml."""

import os
import re
import subprocess
import tempfile
import unittest

MODEL = os.path.abspath("actors/model/flow_control.pml")
MEMORY_MIB_MAX = 1024
DEPTH_MAX = 100000
RUN_SECONDS_MAX = 600

# What pan says. The assertions are those of world.pml and of heed_*.
WAITS = (r"assertion violated .*(told\[x\]==0|!\(paused\[x\]\)|"
         r"!\(parked\[x\]\))")
ORDER = r"assertion violated .*active_\[.*\]\|deferred_\["
LEFT_OVER = r"assertion violated .*urgents\[x\]\+urgent_exits\[x\]\)==0"
LIVELOCK = r"non-progress cycle"


def run(command, folder):
    done = subprocess.run(command, cwd=folder, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=RUN_SECONDS_MAX)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit code "
                             f"{done.returncode}\n{done.stdout}")
    return done.stdout


class Model(unittest.TestCase):
    def check(self, switches, compiler=(), options=()):
        """Generates, compiles and runs a verifier; gives what it printed."""
        defines = ["-D" + switch for switch in switches.split()]
        with tempfile.TemporaryDirectory() as folder:
            generated = run(["spin", *defines, "-a", MODEL], folder)
            self.assertNotIn("rror", generated)
            run(["gcc", "-w", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MIB_MAX}",
                 *compiler, "-o", "pan", "pan.c"], folder)
            output = run(["./pan", f"-m{DEPTH_MAX}", *options], folder)
        self.assertRegex(output, r"[1-9]\d* states, stored")
        return output

    def holds(self, switches, optimize="-O0", depth_first=("-DSAFETY",),
              options=()):
        output = self.check(switches, (optimize, *depth_first), options)
        self.assertIn("errors: 0", output)
        # It has seen everything.
        self.assertNotIn("Search not completed", output)
        self.assertNotIn("max search depth too small", output)

    def holds_large(self, switches):
        self.holds(switches, "-O1")

    def ends(self, switches):
        """No execution goes on for ever if every thread gets its turn."""
        self.holds(switches, "-O0", ("-DNP", "-DNFAIR=3"), ("-l", "-f"))

    def fails(self, switches, how):
        output = self.check(switches, ("-O0", "-DSAFETY"))
        self.assertIn("errors: 1", output)
        self.assertRegex(output, how)

    def goes_on_for_ever(self, switches):
        output = self.check(switches, ("-O0", "-DNP", "-DNFAIR=3"),
                            ("-l", "-f"))
        self.assertIn("errors: 1", output)
        self.assertRegex(output, LIVELOCK)


class Topologies(Model):
    def test_two_flood_each_other(self):
        self.holds("PAIR")

    def test_chain_of_three(self):
        self.holds("CHAIN MSGS=5")

    def test_ring_of_three(self):
        self.holds("RING MSGS=3 BURST=3")

    def test_ring_of_three_that_passes_messages_on(self):
        self.holds_large("RING MSGS=3 BURST=3 HOPS=1")

    def test_ring_of_three_with_the_lowest_marks(self):
        self.holds("RING MSGS=2 HIGH=1 LOW=0")

    def test_two_send_to_one(self):
        self.holds("FAN_IN MSGS=3")

    def test_two_send_to_a_pinned_one(self):
        self.holds("FAN_IN MSGS=3 BURST=3 ROUND=1")

    def test_diamond_of_four(self):
        self.holds_large("DIAMOND MSGS=3")

    def test_ring_of_four(self):
        self.holds_large("RING ACTORS=4 MSGS=2 BURST=2 HIGH=1 LOW=0")

    def test_receiver_awaits_its_sender(self):
        self.holds("AWAIT MSGS=6")

    def test_receiver_awaits_one_that_asks_the_sender(self):
        self.holds("AWAIT_RELAY MSGS=5")

    def test_receiver_that_awaits_is_paused_from_outside(self):
        self.holds("AWAIT_PAUSED")

    def test_receiver_that_awaits_gets_an_urgent_message(self):
        self.holds("AWAIT_URGENT")

    def test_receiver_that_skips_gets_urgent_messages(self):
        self.holds("SELECT_URGENT MSGS=5")

    def test_urgent_messages_pass_during_the_pause(self):
        self.holds_large("HELD_URGENT URGENTS=2 MSGS=3")

    def test_paused_actor_is_killed(self):
        self.holds_large("HELD_EXIT")

    def test_actor_holds_itself_until_an_urgent_message(self):
        self.holds_large("HOLD MSGS=4")

    def test_actor_that_held_itself_ends(self):
        self.ends("HOLD MSGS=2")

    def test_actor_dies_at_any_time(self):
        self.holds_large("DEATH MSGS=3")

    def test_messages_over_the_cap_are_refused(self):
        self.holds("REFUSAL BURST=4")

    def test_actor_sends_to_itself_all_the_time(self):
        self.holds("POLL")

    def test_actor_that_sends_to_itself_waits_for_its_sender(self):
        self.holds("BUSY_AWAIT")


class Steps(Model):
    """The same with a step for each access and lock."""

    def test_two_flood_each_other(self):
        self.holds("PAIR LITERAL")

    def test_receiver_awaits_its_sender(self):
        self.holds("AWAIT LITERAL")

    def test_ring_of_three(self):
        self.holds("RING MSGS=3 BURST=3 LITERAL")

    def test_actor_dies_at_any_time(self):
        self.holds("DEATH ACTORS=2 LITERAL")


class Endings(Model):
    def test_two_that_flood_each_other_end(self):
        self.ends("PAIR MSGS=3")

    def test_receiver_that_awaits_its_sender_ends(self):
        self.ends("AWAIT")

    def test_actor_that_sends_to_itself_gets_its_messages(self):
        self.ends("POLL")

    def test_actor_that_sends_to_itself_gets_its_response(self):
        self.ends("BUSY_AWAIT")


class BrokenRules(Model):
    def test_r1_overloaded_actors_pause_each_other(self):
        self.fails("RING MSGS=3 BURST=3 NO_R1", WAITS)

    def test_r2_messages_to_oneself_hold_up_the_sender(self):
        self.goes_on_for_ever("POLL NO_R2")

    def test_r3_sender_waits_for_one_that_awaits_it(self):
        self.fails("AWAIT NO_R3", WAITS)

    def test_r3_sender_comes_too_late_to_be_released(self):
        self.fails("AWAIT STALL_IF_OVERLOADED", WAITS)

    def test_r3_what_was_skipped_is_forgotten_in_a_pause(self):
        self.fails("AWAIT_PAUSED SKIPPED_THIS_TURN", WAITS)

    def test_r3_what_was_skipped_is_forgotten_at_the_end_of_a_turn(self):
        self.fails("SELECT_URGENT MSGS=5 STALL_IF_IDLE SLEEP_AT_TURN_END",
                   WAITS)

    def test_r3_actor_is_never_idle(self):
        self.goes_on_for_ever("BUSY_AWAIT STALL_IF_IDLE")

    def test_r4_urgent_message_waits_for_the_end_of_the_pause(self):
        self.fails("HELD_URGENT MSGS=3 NO_R4", WAITS)

    def test_r4_exit_comes_just_before_the_pause(self):
        self.fails("HELD_EXIT EXIT_IF_PAUSED", WAITS)

    def test_hold_without_r4(self):
        self.fails("HOLD MSGS=3 NO_R4", WAITS)

    def test_r4_urgent_message_that_was_skipped_is_forgotten(self):
        self.fails("AWAIT_URGENT ONE_LANE_RETRIED", LEFT_OVER)

    def test_r5_sender_waits_for_a_dead_actor(self):
        self.fails("DEATH MSGS=3 NO_R5", WAITS)

    def test_o1_count_is_not_read_again(self):
        self.fails("PAIR NO_REREAD", WAITS)

    def test_o1_count_is_read_before_it_is_said(self):
        self.fails("PAIR REREAD_FIRST", WAITS)

    def test_o2_released_overtakes_applied(self):
        self.fails("PAIR SIGNAL_UNLOCKED", ORDER)

    def test_o3_actor_parks_after_it_was_released(self):
        self.fails("PAIR NO_PARK_CHECK", WAITS)

    def test_o3_actor_parks_over_an_urgent_message(self):
        self.fails("HELD_URGENT URGENTS=2 MSGS=3 PARK_OVER_URGENT", WAITS)

    def test_refused_message_hides_that_the_mailbox_drained(self):
        self.fails("REFUSAL BURST=4 REFUSE_AFTER_COUNT", WAITS)


if __name__ == "__main__":
    unittest.main()
