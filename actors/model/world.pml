/* What comes from outside, the start and the end. */

#ifdef KILLED
/* Kills an actor at any time. */
proctype killer() {
  byte level;
  bool todo, woken;
  pass_exit(KILLED)
}
#endif

#ifdef OUTSIDE
/* A source of signals that is no actor, such as a connection, and a sender of
 * urgent messages. */
proctype outside() {
  bool woken;
#ifdef URGENT_TO
  byte n = URGENTS;
  URGENT_WHEN;
  do
  :: n > 0 -> n--; pass_urgent(URGENT_TO, ping)
  :: n == 0 -> break
  od;
#endif
#ifdef PAUSED_ONCE
  heed_applied(PAUSED_ONCE, VALVE);
  heed_released(PAUSED_ONCE, VALVE);
#endif
#ifdef HELD
  RELEASED_WHEN;
  heed_released(HELD, VALVE)
#endif
}
#endif

/* When nothing can happen any more, all work is done and nobody waits. */
proctype at_the_end() {
  byte x;
  timeout;
  d_step {
    do
    :: x < ACTORS ->
      assert(!out_[x]);
      assert(told[x] == 0); /* no release was lost: the one side */
      if
      :: ended[x]
      :: else ->
        assert(!running[x]);
        assert(!paused[x] && active_[x] == 0 && deferred_[x] == 0); /* other */
        assert(!parked[x]);
        assert(empty(box[x]) && left[x] == 0 && !awaiting[x]);
        assert(!overloaded[x] && !stalled[x] && pending[x] == 0);
#ifdef URGENT
        assert(urgents[x] + urgent_exits[x] == 0)
#endif
      fi;
      x++
    :: else -> break
    od
  }
}

init {
  byte x, n;
  atomic {
    do
    :: x < ACTORS ->
      left[x] = LEFT(x);
      asks[x] = ASKS(x);
      n = (POLLS(x) -> TICKS : left[x] > 0);
      fresh[x] = (n > 0);
      running[x] = (n > 0);
      blocked[x] = (n == 0);
      do
      :: n > 0 ->
        n--;
#ifdef NO_R2
        pending[x]++;
#endif
        box[x]!tick, 0, x
      :: n == 0 -> break
      od;
      run actor(x);
      x++
    :: else -> x = 0; break
    od;
#ifdef KILLED
    run killer();
#endif
#ifdef HELD
    active_[HELD] = BIT(VALVE);
    paused[HELD] = true;
#endif
#ifdef OUTSIDE
    run outside();
#endif
    run at_the_end()
  }
}
