/* An actor: a turn as in actors/scheduled_turn.cc, and a behavior that the
 * topology chooses. A pinned actor reports each message by itself: ROUND is 1.
 * Nobody sees where one turn ends and the next one begins, so they follow each
 * other without a step between them. */

byte left[ACTORS];     /* messages to be sent; if it polls: to be received */
byte asks[ACTORS];     /* requests to be sent */
bool awaiting[ACTORS]; /* for a response; everything else is skipped */
byte pinged;           /* urgent messages that were handled */

/* The handler, as far as it is nobody else's business: decides what is sent. */
inline handle() {
  to = NOBODY;
  if
  :: kind == tick && POLLS(me) -> again = (left[me] > 0)
  :: kind == tick && !POLLS(me) ->
    count = (left[me] < BURST -> left[me] : BURST);
    left[me] = left[me] - count;
    again = (left[me] > 0);
    to = NEXT(me);
    what = data;
    hops_out = HOPS
  :: kind == data ->
    if
    :: POLLS(me) -> left[me]--
    :: else
    fi;
#ifdef HOLDS
    holding = HOLDS(me) && !has_held;
#endif
    if
    :: asks[me] > 0 ->
      asks[me]--;
      awaiting[me] = true;
      to = ASKED(me);
      what = ask;
      count = 1
    :: asks[me] == 0 && hops > 0 ->
      to = NEXT(me);
      what = data;
      hops_out = hops - 1;
      count = 1
    :: else
    fi
  :: kind == ask ->
    count = 1;
    to = (RELAYS(me) -> RELAY_TO : from);
    what = (RELAYS(me) -> ask : reply)
  :: kind == reply && RELAYS(me) -> count = 1; to = RELAY_FROM; what = reply
  :: kind == reply && !RELAYS(me) -> awaiting[me] = false
  :: kind == stop -> dying = true
  fi;
  consumed = true;
  skipped = false;
  if
#ifndef NO_R2
  :: from == me
#endif
  :: else -> counted++
  fi;
  hops = 0;
  from = 0;
  kind = 0
}

#ifdef HOLDS
/* hold() and go_on(), by a handler. */
inline hold() {
  if
  :: !holding
  :: holding ->
    GROUP {
      LOCK_IN(me);
      d_step { holding = false; has_held = true };
      active_[me] = active_[me] | BIT(me);
      paused[me] = true;
      UNLOCK_IN(me)
    }
  fi
}

inline go_on() {
  GROUP {
    LOCK_IN(me);
    active_[me] = active_[me] & ~BIT(me);
    if
    :: active_[me] == 0 -> paused[me] = false
    :: else
    fi;
    UNLOCK_IN(me)
  }
}
#endif

#ifdef URGENT
#define NO_URGENT(x) (urgents[x] + urgent_exits[x] == 0)
#define TRIES_URGENT(x) (!urgent_skipped[x] && !SKIPS_URGENT(x))

/* The urgent queue's round. */
inline handle_urgent() {
  do
  :: d_step {
      urgents[me] > 0 && TRIES_URGENT(me) ->
      urgents[me]--;
      pinged++;
      consumed = true
    }
#ifdef HOLDS
    ;
    go_on()
#endif
#ifdef PARK_OVER_URGENT
    ;
    if
    :: paused[me] -> break
    :: else
    fi
#endif
#ifdef SLEEP_AT_TURN_END
    ;
    if
    :: turn_over = true; break
    :: true
    fi
#endif
  :: urgent_exits[me] > 0 && TRIES_URGENT(me) ->
    dying = true;
    break
  :: d_step {
      NO_URGENT(me) || !TRIES_URGENT(me) ->
      urgent_skipped[me] = !NO_URGENT(me)
    };
    break
  od
}
#define NO_URGENT_LEFT(x) (urgent_skipped[x] || NO_URGENT(x))
#else
#define NO_URGENT_LEFT(x) true
#endif

#define HAS_REPLY(x) (box[x]??[reply, _, _])
#define HAS_TICK(x) (BUSY && box[x]??[tick, _, _])

proctype actor(byte me) {
  /* of a round */
  byte counted, tried;
  bool consumed; /* anything, as in CAF's consumed_items */
  bool dying, turn_over, passed_over, skipped;
  /* the message in hand, and what its handler sends */
  mtype kind, what;
  byte hops, from, to, hops_out, count;
  bool again;
  /* of flow_control's functions */
  byte level, gone, i;
  bool todo, woken, stay;
#ifdef HOLDS
  bool holding, has_held;
#endif

end_sleeping:
  running[me];

next_round:
  if
  :: paused[me] && !exits[me] ->
    urgent_changed[me] = false; /* urgent_mark() */
#ifdef URGENT
    handle_urgent();
    if
    :: dying -> goto dies
    :: else -> consumed = false
    fi;
#endif
    /* park() */
    GROUP {
      LOCK_IN(me);
      if
#ifdef NO_PARK_CHECK
      :: true ->
#else
      :: paused[me] && !exits[me] && !urgent_changed[me] ->
#endif
        d_step { parked[me] = true; running[me] = false; stay = true }
      :: else
      fi;
      UNLOCK_IN(me);
      if
      :: stay -> stay = false; skipped = false; goto end_sleeping
      :: else -> goto next_round
      fi
    }
  :: else
  fi;

#ifdef URGENT
  handle_urgent();
  if
  :: dying -> goto dies
  :: turn_over -> goto round_over
  :: else
  fi;
#endif
  do
  :: atomic {
      !awaiting[me] && nempty(box[me]) ->
      box[me]?kind, hops, from;
      fresh[me] = nempty(box[me]);
      handle()
    };
    goto send_all
  :: atomic {
      awaiting[me] && HAS_REPLY(me) ->
      box[me]??reply, hops, from;
      kind = reply;
      fresh[me] = nempty(box[me]); /* what was skipped is tried again */
      handle()
    };
    goto send_all
#ifdef SELECTIVE
  :: atomic {
      awaiting[me] && !HAS_REPLY(me) && HAS_TICK(me) ->
      passed_over = passed_over || !(box[me]?[tick, _, _]);
      box[me]??tick, hops, from;
      kind = tick;
      fresh[me] = nempty(box[me]);
      handle()
    };
#endif
send_all:
#if defined(URGENT) && !defined(ONE_LANE_RETRIED)
    urgent_skipped[me] = false;
#endif
    do
    :: count > 0 -> count--; pass(to, what, hops_out, me)
    :: d_step { count == 0 -> to = 0; what = 0; hops_out = 0; tried++ }; break
    od;
#ifdef HOLDS
    hold();
#endif
    if
    :: !again
    :: again -> again = false; pass(me, tick, 0, me)
    fi;
    if
    :: dying -> goto dies
    :: !dying && (tried == ROUND || paused[me]) -> break
    :: else
    fi
  :: d_step {
      empty(box[me]) || (awaiting[me] && !HAS_REPLY(me) && !HAS_TICK(me)) ->
#ifdef SKIPPED_THIS_TURN
      skipped = skipped || (fresh[me] && nempty(box[me]));
#endif
      fresh[me] = false
    };
    break
  od;

#ifdef URGENT
round_over:
#endif
  tried = 0;
  /* R3: nothing that counts was handled, and skipped messages wait. */
#if defined(SKIPPED_THIS_TURN)
  handled();
  if
  :: !consumed && skipped -> skipped = false; nothing_to_handle()
  :: else
  fi;
#elif defined(STALL_IF_IDLE)
  handled();
  if
  :: !consumed && !fresh[me] && nempty(box[me]) -> nothing_to_handle()
  :: consumed || fresh[me] || empty(box[me])
  fi;
#else
  if
  :: counted == 0 && (passed_over || (!fresh[me] && nempty(box[me]))) ->
    nothing_to_handle()
  :: counted > 0 || (!passed_over && (fresh[me] || empty(box[me]))) ->
    handled()
  fi;
#endif
  passed_over = false;
  if
#ifdef SLEEP_AT_TURN_END
  :: turn_over ->
    turn_over = false;
    consumed = false;
    if
    :: paused[me] -> goto next_round
    :: else -> goto try_sleep
    fi
#endif
  :: consumed && !turn_over -> consumed = false; goto next_round
  :: !consumed && !turn_over ->
    if
    :: paused[me] -> goto next_round
    :: else
    fi
  fi;

try_sleep: /* try_block() */
  atomic {
    if
    :: !fresh[me] && NO_URGENT_LEFT(me) ->
      blocked[me] = true;
      running[me] = false;
      skipped = false;
      goto end_sleeping
    :: else -> goto next_round
    fi
  };

dies: /* cleanup() */
  end();
  d_step {
    closed[me] = true;
    running[me] = false;
    do
    :: nempty(box[me]) -> box[me]?_, _, _
    :: empty(box[me]) -> break
    od;
    dying = false;
    consumed = false;
    tried = 0
  };
  handled()
}
