/* A model of actors/flow_control.*: how actors with bounded mailboxes slow each
 * other down. Rules R1 to R5 and orders O1 to O4 are those of flow_control.h.
 *
 *   spin -DRING -DMSGS=3 -DBURST=3 -a flow_control.pml
 *   gcc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c
 *   ./pan -m100000
 *
 * Files, in reading order:
 *   topologies.pml    who sends what to whom (-DRING and so on), and the marks
 *   state.pml         flow_control's members, CAF's mailbox, the locks
 *   flow_control.pml  flow_control.cc, a function for each of its functions
 *   turn.pml          scheduled_turn.cc, and the behavior of the actors
 *   world.pml         what comes from outside, the start, and what must hold at
 *                     the end
 *
 * One step here is one atomic operation there; or what is done under one lock,
 * around the one thing in it that others see without the lock. The rest is seen
 * only by those who take the same lock, so nobody can tell the difference
 * (GROUP in the text). -DLITERAL makes each access and each lock a step of its
 * own: the same results from more states.
 *
 * Modelled: each push, count, skip and retry as in CAF's mailbox; each actor in
 * a thread of its own, which is more orders than a pool of threads has; a
 * thread may stop between any two steps, for any time.
 *
 * Not modelled, and why:
 * - Memory orders weaker than seq_cst. Where two variables are read crosswise
 *   (O1) the code says seq_cst; the rest is under locks.
 * - References, and that `released` is dropped after the lock: a model has no
 *   memory to free. That an actor is handed to the scheduler twice is found.
 * - Senders that are not paused: plain actors, and those that get the signals
 *   themselves. Nobody waits for them.
 * - Signals between nodes: the same calls, later. A connection that is lost is
 *   a *released* from outside.
 * - Where a refused message or a bounced request goes: one more message.
 * - The pressure_table, the counts for people, limits that change, streams,
 *   timeouts; and that the mailbox of a dead actor is not counted.
 *
 * A rule can be broken on purpose; then the model must fail, and
 * tests/actors/model/flow_control_model_test.py says how:
 *   NO_R1               an overloaded actor is paused
 *   NO_R2               messages to oneself are counted
 *   NO_R3               an actor that only skips keeps its senders waiting
 *   NO_R4               an urgent message does not wake a parked actor
 *   NO_R5               an actor that ends tells nobody
 *   NO_REREAD           O1: the count is not read after `overloaded` was set
 *   REREAD_FIRST        O1: it is read before that
 *   SIGNAL_UNLOCKED     O2: signals are sent after the lock was left
 *   NO_PARK_CHECK       O3: an actor parks without a second look
 * and the finer points:
 *   STALL_IF_OVERLOADED R3 only for those that are overloaded already
 *   SKIPPED_THIS_TURN   R3 only if something was skipped in this very turn
 *   STALL_IF_IDLE       R3 only if nothing at all was handled
 *   SLEEP_AT_TURN_END   no R3 before a sleep at the end of a turn
 *   PARK_OVER_URGENT    O3: an actor parks after one round of urgent messages
 *   EXIT_IF_PAUSED      R4: an exit passes only if it comes during the pause
 *   ONE_LANE_RETRIED    R4: what was skipped is tried again only when something
 *                       of the same priority was handled (as by CAF itself)
 *   REFUSE_AFTER_COUNT  a message over the cap is counted for a moment
 */

#include "topologies.pml"

#if defined(SIGNAL_UNLOCKED) && !defined(LITERAL)
#define LITERAL
#endif

#include "state.pml"

/* -- what others tell us --------------------------------------------------- */

inline set_overloaded(x, value) {
  GROUP { LOCK_IN(x); overloaded[x] = value; UNLOCK_IN(x) }
}

inline promote(x) {
  GROUP {
    LOCK_IN(x);
    d_step { active_[x] = active_[x] | deferred_[x]; deferred_[x] = 0 };
    if
    :: active_[x] != 0 -> paused[x] = true
    :: else
    fi;
    UNLOCK_IN(x)
  }
}

/* heed, for *applied*. The assertions here and below are "the order of signals
 * is kept": from one source they alternate. */
inline heed_applied(m, source) {
  GROUP {
    LOCK_IN(m);
    assert(!((active_[m] | deferred_[m]) & BIT(source)));
    if
#ifndef NO_R1
    :: overloaded[m] && source < ACTORS -> deferred_[m] = deferred_[m] | BIT(source)
#endif
    :: else -> active_[m] = active_[m] | BIT(source); paused[m] = true
    fi;
    UNLOCK_IN(m)
  }
}

/* heed, for *released*. */
inline heed_released(m, source) {
  GROUP {
    LOCK_IN(m);
    assert((active_[m] | deferred_[m]) & BIT(source));
    deferred_[m] = deferred_[m] & ~BIT(source);
    if
    :: active_[m] == BIT(source) ->
      active_[m] = 0;
      paused[m] = false;
      d_step { woken = parked[m]; parked[m] = false }
    :: else -> active_[m] = active_[m] & ~BIT(source)
    fi;
    UNLOCK_IN(m);
    if
    :: woken -> woken = false; wake(m)
    :: else
    fi
  }
}

inline unpark_for_urgent(x) {
  GROUP {
    LOCK_IN(x);
    urgent_changed[x] = true;
#ifndef NO_R4
    d_step { woken = parked[x]; parked[x] = false };
#endif
    UNLOCK_IN(x);
    if
    :: woken -> woken = false; wake(x)
    :: else
    fi
  }
}

/* -- a message comes ------------------------------------------------------- */

/* The end of overload(): under out_, which it leaves. */
inline tell_applied(x, sender) {
  if
  :: sender < ACTORS && !(told[x] & BIT(sender)) ->
    told[x] = told[x] | BIT(sender);
#ifdef SIGNAL_UNLOCKED
    UNLOCK_OUT(x);
    heed_applied(sender, x)
#else
    heed_applied(sender, x);
    UNLOCK_OUT(x)
#endif
  :: else -> UNLOCK_OUT(x)
  fi
}

/* `due`: admit said "over". */
inline overload(x, sender, due) {
  if
  :: !(due)
  :: GROUP {
      LOCK_OUT_IF(x, due);
      level = 0;
      if
      :: ended[x] || stalled[x] -> UNLOCK_OUT(x)
      :: !ended[x] && !stalled[x] && overloaded[x] -> tell_applied(x, sender)
      :: else ->
#ifndef REREAD_FIRST
        set_overloaded(x, true);
#endif
        todo = true
      fi
    };
    if
    :: !todo
#ifdef NO_REREAD
    :: GROUP { todo -> todo = false; tell_applied(x, sender) }
#else
    :: todo && pending[x] <= LOW ->
      todo = false;
#ifndef REREAD_FIRST
      set_overloaded(x, false);
#endif
      GROUP { promote(x); UNLOCK_OUT(x) }
    :: todo && pending[x] > LOW ->
      todo = false;
#ifdef REREAD_FIRST
      set_overloaded(x, true);
#endif
      GROUP { tell_applied(x, sender) }
#endif
    fi
  fi
}

#ifdef NO_R2
#define COUNTS(x, sender) true
#else
#define COUNTS(x, sender) (x != sender)
#endif
#define REFUSES(x, kind_) (kind_ == data && pending[x] >= CAP)

/* pass, and admit for all but signals. */
inline pass(x, kind_, hops_, sender) {
  if
#ifndef NO_R2
  :: x == sender -> push(x, kind_, hops_, sender)
#endif
#ifndef CAP
  :: d_step { COUNTS(x, sender) -> pending[x]++; level = pending[x] };
#elif !defined(REFUSE_AFTER_COUNT)
  :: COUNTS(x, sender) && REFUSES(x, kind_)
  :: COUNTS(x, sender) && !REFUSES(x, kind_) ->
    d_step { pending[x]++; level = pending[x] };
#else
  :: d_step { COUNTS(x, sender) -> pending[x]++; level = pending[x] };
    if
    :: level > CAP -> pending[x]--; level = 0
    :: else
    fi;
    if
    :: level > 0 ->
#endif
    atomic {
      push(x, kind_, hops_, sender);
      level = (level > HIGH -> level : 0)
    };
    overload(x, sender, level > 0)
#ifdef REFUSE_AFTER_COUNT
    :: else
    fi
#endif
  fi
}

#ifdef URGENT
/* pass, for an urgent message. */
inline pass_urgent(x, kind_) {
  d_step {
    if
    :: closed[x]
    :: else ->
      if
      :: kind_ == stop -> urgent_exits[x]++
      :: else -> urgents[x]++
      fi;
      urgent_skipped[x] = false;
      unblock(x)
    fi
  };
  unpark_for_urgent(x)
}
#endif

/* pass, for an exit. It stays in its order, and until it was handled nothing
 * pauses the actor. */
inline pass_exit(x) {
#ifdef EXIT_IF_PAUSED
  if
  :: paused[x] -> pass_urgent(x, stop)
  :: else -> pass(x, stop, 0, NOBODY)
  fi
#else
  exits[x] = true;
  pass(x, stop, 0, NOBODY);
  unpark_for_urgent(x)
#endif
}

/* -- messages go ----------------------------------------------------------- */

/* set_overloaded(false) and release_all: under out_ (O2). */
inline release_all() {
  GROUP { set_overloaded(me, false); d_step { gone = told[me]; told[me] = 0 } };
#ifdef SIGNAL_UNLOCKED
  UNLOCK_OUT(me);
#endif
  do
  :: GROUP {
      gone != 0 ->
      d_step {
        do
        :: !(gone & BIT(i)) -> i++
        :: else -> break
        od;
        gone = gone & ~BIT(i)
      };
      heed_released(i, me);
      i = 0
    }
  :: gone == 0 -> break
  od
#ifdef SIGNAL_UNLOCKED
  ;
  LOCK_OUT(me)
#endif
}

/* The end of handled() and nothing_to_handle(): under out_, which it leaves. */
inline leave_overload() {
  todo = false;
  release_all();
  GROUP { promote(me); UNLOCK_OUT(me) }
}

inline handled() {
  if
  :: counted == 0
  :: d_step { counted > 0 -> pending[me] = pending[me] - counted; counted = 0 };
    if
    :: !overloaded[me] && !stalled[me]
    :: else ->
      GROUP {
        LOCK_OUT(me);
        stalled[me] = false;
        if
        :: overloaded[me] && pending[me] <= LOW -> todo = true
        :: else -> UNLOCK_OUT(me)
        fi
      };
      if
      :: !todo
      :: todo -> leave_overload()
      fi
    fi
  fi
}

inline nothing_to_handle() {
#ifdef NO_R3
  true
#else
  if
#ifdef STALL_IF_OVERLOADED
  :: !overloaded[me]
#else
  :: stalled[me]
#endif
  :: else ->
    GROUP { LOCK_OUT(me); stalled[me] = true };
    leave_overload()
  fi
#endif
}

inline end() {
  GROUP { LOCK_OUT(me); ended[me] = true };
#ifdef NO_R5
  set_overloaded(me, false);
#else
  release_all();
#endif
  UNLOCK_OUT(me)
}

#include "turn.pml"
#include "world.pml"
