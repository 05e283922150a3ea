/* Who sends what to whom. One of these is chosen with -D; the numbers can be
 * chosen as well, as in -DRING -DACTORS=4 -DMSGS=2 -DBURST=2.
 *
 *   ACTORS    how many
 *   MSGS      messages that a source sends, BURST of them in a handler
 *   NEXT(x)   to whom x sends
 *   HOPS      how often a message is passed on
 *   HIGH, LOW the marks; ROUND messages are handled before they are reported
 *   LEFT(x)   what x sends, or receives before it stops to poll
 *   ASKS(x)   1: with its first message x sends a request to ASKED(x), and
 *             awaits the response
 */

/* Two that flood each other. */
#ifdef PAIR
#define ACTORS 2
#define NEXT(x) (1 - x)
#define LEFT(x) MSGS
#endif

/* 0 -> 1 -> 2: what 2 cannot take slows 0 down, by way of 1. */
#ifdef CHAIN
#define NEXT(x) (x + 1)
#define LEFT(x) (x == 0 -> MSGS : 0)
#define HOPS (ACTORS - 2)
#endif

/* 0 -> 1 -> 2 -> 0, each of them a source. */
#ifdef RING
#define NEXT(x) ((x + 1) % ACTORS)
#define LEFT(x) MSGS
#endif

/* All send to the last one. */
#ifdef FAN_IN
#define NEXT(x) (ACTORS - 1)
#define LEFT(x) (x < ACTORS - 1 -> MSGS : 0)
#endif

/* 0 -> 1 and 2, by turns -> 3. */
#ifdef DIAMOND
#define ACTORS 4
#define NEXT(x) (x == 0 -> 1 + left[0] % 2 : 3)
#define LEFT(x) (x == 0 -> MSGS : 0)
#define HOPS 1
#endif

/* 0 -> 1, and 1 awaits a response of 0. */
#ifdef AWAIT
#define ACTORS 2
#define ONE_AWAITS_ZERO
#endif

/* The same, and 1 is paused once by somebody else meanwhile. */
#ifdef AWAIT_PAUSED
#define ACTORS 2
#define ONE_AWAITS_ZERO
#define PAUSED_ONCE 1
#define OUTSIDE
#endif

/* The same, and 1 gets an urgent message, which it skips while it awaits. */
#ifdef AWAIT_URGENT
#define ACTORS 2
#define ONE_AWAITS_ZERO
#define URGENT_TO 1
#endif

/* The same, but 1 waits by a behavior that skips all but the response and
 * urgent messages. */
#ifdef SELECT_URGENT
#define ACTORS 2
#define ONE_AWAITS_ZERO
#define SELECTIVE
#define URGENT_TO 1
#define URGENTS 2
#endif

/* 0 -> 1, and 1 awaits a response of 2, which asks 0 for it. */
#ifdef AWAIT_RELAY
#define ACTORS 3
#define NEXT(x) 1
#define LEFT(x) (x == 0 -> MSGS : 0)
#define ASKS(x) (x == 1)
#define ASKED(x) 2
#define RELAYS(x) (x == 2)
#define RELAY_FROM 1
#define RELAY_TO 0
#endif

/* The chain. 2 is held from outside until 1 has handled its urgent messages. */
#ifdef HELD_URGENT
#define ACTORS 3
#define NEXT(x) (x + 1)
#define LEFT(x) (x == 0 -> MSGS : 0)
#define HOPS 1
#define HELD 2
#define URGENT_TO 1
#define RELEASED_WHEN (pinged == URGENTS)
#endif

/* The chain. 2 holds itself with its first message, overloaded or not, and goes
 * on when an urgent message tells it to. */
#ifdef HOLD
#define ACTORS 3
#define NEXT(x) (x + 1)
#define LEFT(x) (x == 0 -> MSGS : 0)
#define HOPS 1
#define HOLDS(x) (x == 2)
#define URGENT_TO 2
#define URGENT_WHEN (active_[2] & BIT(2))
#endif

/* The chain. 2 is held from outside until 1, which is killed, is dead. */
#ifdef HELD_EXIT
#define ACTORS 3
#define NEXT(x) (x + 1)
#define LEFT(x) (x == 0 -> MSGS : 0)
#define HOPS 1
#define HELD 2
#define KILLED 1
#define RELEASED_WHEN ended[1]
#define OUTSIDE
#endif

/* The chain. 1 is killed at any time. */
#ifdef DEATH
#define NEXT(x) (x + 1)
#define LEFT(x) (x == 0 -> MSGS : 0)
#define HOPS (ACTORS - 2)
#define KILLED 1
#endif

/* All send to the last one, more than it takes. */
#ifdef REFUSAL
#define NEXT(x) (ACTORS - 1)
#define LEFT(x) (x < ACTORS - 1 -> MSGS : 0)
#define CAP 3
#endif

/* 0 -> 1, and 1 sends itself HIGH messages all the time until it has all. */
#ifdef POLL
#define ACTORS 2
#define NEXT(x) 1
#define LEFT(x) MSGS
#define POLLS(x) (x == 1)
#define TICKS HIGH
#endif

/* The same with one message, and 1 waits for a response of 0, by a behavior
 * that skips all but the response and its own messages. */
#ifdef BUSY_AWAIT
#define ACTORS 2
#define NEXT(x) 1
#define LEFT(x) MSGS
#define POLLS(x) (x == 1)
#define TICKS 1
#define ASKS(x) (x == 1)
#define ASKED(x) 0
#define SELECTIVE
#endif

#ifdef ONE_AWAITS_ZERO
#define NEXT(x) 1
#define LEFT(x) (x == 0 -> MSGS : 0)
#define ASKS(x) (x == 1)
#define ASKED(x) 0
#endif

/* -- what is not said above ------------------------------------------------ */

#ifndef ACTORS
#define ACTORS 3
#endif
#ifndef MSGS
#define MSGS 4
#endif
#ifndef BURST
#define BURST 1
#endif
#ifndef HOPS
#define HOPS 0
#endif
#ifndef HIGH
#define HIGH 2
#endif
#ifndef LOW
#define LOW 1
#endif
#ifndef ROUND
#define ROUND 2
#endif
#ifndef BOX
#define BOX 8
#endif
#ifndef ASKS
#define ASKS(x) 0
#define ASKED(x) 0
#endif
#ifndef RELAYS
#define RELAYS(x) false
#define RELAY_FROM 0
#define RELAY_TO 0
#endif
#ifndef POLLS
#define POLLS(x) false
#define TICKS 0
#endif
#ifdef SELECTIVE
#define SKIPS_URGENT(x) false
#define BUSY true
#else
#define SKIPS_URGENT(x) awaiting[x]
#define BUSY false
#endif
#ifdef URGENT_TO
#define OUTSIDE
#define URGENT
#ifndef URGENTS
#define URGENTS 1
#endif
#ifndef URGENT_WHEN
#define URGENT_WHEN true
#endif
#endif
#if defined(KILLED) && defined(EXIT_IF_PAUSED) && !defined(URGENT)
#define URGENT
#endif
