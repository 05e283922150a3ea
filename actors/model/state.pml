/* What an actor consists of: flow_control's members, the mailbox, the locks. */

/* Sources of signals and senders of messages that are no actors. */
#define VALVE ACTORS
#define NOBODY (ACTORS + 1)

#define BIT(x) (1 << (x))

/* -- flow_control's members ------------------------------------------------ */

byte pending[ACTORS];    /* pending_ */
bool paused[ACTORS];     /* flag_paused, and so on */
bool overloaded[ACTORS];
bool stalled[ACTORS];
bool ended[ACTORS];
bool exits[ACTORS];      /* an exit is on its way */

/* `urgent_` is compared only with an earlier value of itself: this is true if
 * it changed since the actor last read it. */
bool urgent_changed[ACTORS];

bool out_[ACTORS];       /* the lock, as is `in_` below */
byte told[ACTORS];       /* told_: bit i is actor i */
byte active_[ACTORS];    /* `active` is a word of Promela */
byte deferred_[ACTORS];
bool parked[ACTORS];

/* -- CAF's mailbox --------------------------------------------------------- */

/* data   an ordinary message          tick   a message to oneself
 * ask    a request                    reply  its response
 * stop   an exit                      ping   an urgent message */
mtype = { data, tick, ask, reply, stop, ping };

/* Kind, hops that are left, sender. The inbox and the list of ordinary messages
 * in one: when it is fetched makes no difference, since pushes come at any
 * time. Skipped messages stay in it. */
chan box[ACTORS] = [BOX] of { mtype, byte, byte };

bool fresh[ACTORS];   /* not all of it was skipped */
bool blocked[ACTORS]; /* the inbox is blocked: whoever pushes wakes the actor */
bool closed[ACTORS];
bool running[ACTORS]; /* runs, or the scheduler has it */

#ifdef URGENT
byte urgents[ACTORS]; /* how many urgent messages */
byte urgent_exits[ACTORS];
bool urgent_skipped[ACTORS];
#endif

/* -- locks and steps ------------------------------------------------------- */

#define LOCK_OUT(x) atomic { !out_[x] -> out_[x] = true }
#define LOCK_OUT_IF(x, due) atomic { (due) && !out_[x] -> out_[x] = true }
#define UNLOCK_OUT(x) out_[x] = false

#ifdef LITERAL
bool in_[ACTORS];
#define GROUP
#define LOCK_IN(x) atomic { !in_[x] -> in_[x] = true }
#define UNLOCK_IN(x) in_[x] = false
#else
#define GROUP atomic
#define LOCK_IN(x) true
#define UNLOCK_IN(x) true
#endif

/* -- CAF ------------------------------------------------------------------- */

/* flow_owner::wake. An actor that runs already must not get here. */
inline wake(x) {
  d_step { assert(!running[x]); running[x] = true }
}

inline unblock(x) {
  if
  :: blocked[x] ->
    blocked[x] = false;
    assert(!running[x]);
    running[x] = true
  :: else
  fi
}

inline push(x, kind_, hops_, sender) {
  d_step {
    if
    :: closed[x]
    :: else ->
      assert(nfull(box[x])); /* the topology's BOX is too small */
      box[x]!kind_, hops_, sender;
      fresh[x] = true;
      unblock(x)
    fi
  }
}
