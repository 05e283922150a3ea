#pragma once

// Every limit of Sluice: its unit is the last word of its name, its default
// stands here with the reason, and nothing else in the library spells a bound
// as a literal. Settings that a user may change start from these values.
//
// For users. Constants only: any thread, for ever.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::runtime::limits {

using namespace std::chrono_literals;

// -- event loop ---------------------------------------------------------------

/// Resolution of the timer wheel. Connection deadlines are seconds long; a
/// finer tick would only cost wake-ups.
inline constexpr std::chrono::milliseconds timer_tick = 1ms;

/// Readiness events taken from the poller at once. Redis and libuv use 1024;
/// 256 keeps the batch in the first-level cache and a turn of the loop short.
inline constexpr std::size_t ready_batch_events = 256;

/// Messages that an actor handles before the next one on its loop has a turn.
inline constexpr std::size_t actor_turn_messages = 64;

/// How long a stopping loop lets its connections drain before it aborts them.
inline constexpr std::chrono::milliseconds stop_drain = 5'000ms;

// -- reading ------------------------------------------------------------------

/// Size of a loop's read slab: what one read can take at most. 64 KiB is
/// where a larger buffer stops paying on loopback (see bench/README.md).
inline constexpr std::size_t read_slab_bytes = 64 * 1024;

/// A read is not started with less room than this; the loop takes a new slab.
inline constexpr std::size_t read_room_min_bytes = 16 * 1024;

/// Bytes read from one connection per readiness event, so that a fast peer
/// cannot starve the others on its loop, and cannot fill the queue of a broker
/// that its bytes are passed on to before that one has had a turn to say stop
/// (a quarter of `write_cap_bytes`). The poller is level-triggered: the rest is
/// read in the next iteration.
inline constexpr std::size_t read_turn_bytes = 256 * 1024;

/// Datagrams read from one socket per readiness event.
inline constexpr std::size_t read_turn_datagrams = 64;

/// Largest datagram: what IPv4's 16-bit length leaves after its headers.
inline constexpr std::size_t datagram_bytes_max = 65'507;

/// Connections accepted per readiness event of a listener.
inline constexpr std::size_t accept_turn_connections = 64;

/// How long a listener waits after accept ran out of descriptors or memory.
inline constexpr std::chrono::milliseconds accept_pause = 100ms;

/// Length of the kernel's queue of connections that wait to be accepted; the
/// kernel caps it at net.core.somaxconn.
inline constexpr int listen_backlog_connections = 4096;

// -- mailboxes of flow-controlled actors --------------------------------------

/// Messages that wait: at *high* their senders are told to slow down, at *low*
/// to go on. An actor handles a few million messages a second, so that 256 of
/// them wait for a tenth of a millisecond, and low is left before a sender that
/// was told to go on has been scheduled.
inline constexpr std::size_t mailbox_high_messages = 256;
inline constexpr std::size_t mailbox_low_messages = 128;

/// What a mailbox takes at most. Hundreds of senders that all obey may send
/// what one handler of each sends before they hear of it; who gets here did
/// not.
inline constexpr std::size_t mailbox_cap_messages = 100'000;

/// What a topic keeps for a subscriber that is slow: a few milliseconds of what
/// a fast publisher sends.
inline constexpr std::size_t topic_queue_messages = 64;

/// Length of a name in a registry: what a file name may have.
inline constexpr std::size_t name_bytes_max = 255;

/// Messages of one round through such a mailbox: then what was handled is
/// reported, so that senders are released soon.
inline constexpr std::size_t mailbox_round_messages = 16;

// -- supervisors --------------------------------------------------------------

/// Restarts of all children of a supervisor within the window: one more, and it
/// gives up. With the waits below, a child that fails at once gets there in
/// 3 s; one that fails every minute never does.
inline constexpr std::size_t restarts_max = 5;
inline constexpr std::chrono::milliseconds restart_window = 30'000ms;

/// What a child that failed waits for before it is started again: long enough
/// for a socket or a file to be let go, then doubled up to a wait at which
/// trying costs nothing.
inline constexpr std::chrono::milliseconds backoff_first = 100ms;
inline constexpr std::chrono::milliseconds backoff_max = 30'000ms;

/// A child that lived for this long does not fail "again". The same as the
/// window: what is forgotten there is forgotten here.
inline constexpr std::chrono::milliseconds backoff_settled = 30'000ms;

/// How long a child has to end when it is told to, and then, after it was
/// killed, until it counts as stuck. OTP's supervisors wait for 5 s; a killed
/// actor needs only a turn.
inline constexpr std::chrono::milliseconds child_shutdown = 5'000ms;
inline constexpr std::chrono::milliseconds child_kill_wait = 1'000ms;

/// Children of one supervisor. It looks through all of them whenever something
/// happens to one; whoever needs more of them needs supervisors below.
inline constexpr std::size_t supervisor_children_max = 1'024;

// -- child processes ----------------------------------------------------------

/// How long a child process has to end after SIGTERM, when its actor is told to
/// exit or its loop stops, before it gets SIGKILL: shorter than
/// `child_shutdown` and `stop_drain`, so that whoever waits for the actor still
/// hears how the process ended.
inline constexpr std::chrono::milliseconds process_stop = 4'000ms;

/// How long the end of a child process is held back for others that have its
/// output open. What they still have to say comes at once or, from a daemon,
/// never.
inline constexpr std::chrono::milliseconds process_drain = 1'000ms;

/// Largest bound on a line of a child process' output: it is held until it is
/// whole.
inline constexpr std::size_t process_line_bytes_max = 16 * 1024 * 1024;

// -- writing ------------------------------------------------------------------

/// Bytes that the operating system has not taken: at *high* the senders are
/// told to slow down, at *low* to go on. Netty's values; low is half of high
/// so that one released sender does not cross high again at once.
inline constexpr std::size_t write_high_bytes = 64 * 1024;
inline constexpr std::size_t write_low_bytes = 32 * 1024;

/// What a connection queues at most. Sixteen times *high*: whoever gets here
/// did not obey the signal.
inline constexpr std::size_t write_cap_bytes = 1024 * 1024;
inline constexpr std::size_t write_cap_entries = 10'000;

/// No byte taken for this long while some are queued: the peer is stalled.
inline constexpr std::chrono::milliseconds write_stall = 15'000ms;

/// Slices gathered into one sendmsg; IOV_MAX is 1024, and beyond 64 the copy
/// dominates the call.
inline constexpr std::size_t write_gather_slices = 64;

/// What a sender's sub-queue may send per round of the deficit round robin.
inline constexpr std::size_t write_quantum_bytes = 16 * 1024;

/// Size of the slab from which small writes on a loop are cut.
inline constexpr std::size_t write_slab_bytes = 64 * 1024;

/// Size of the slabs into which a full connection's small writes are copied.
inline constexpr std::size_t compact_slab_bytes = 4 * 1024;

/// Write queues that a thread keeps for the next connection that needs one.
inline constexpr std::size_t spare_queues = 256;

/// A queued slice that uses less than 1/ratio of its slab is copied out of it,
/// so that a few queued bytes do not pin a whole slab.
inline constexpr std::size_t compact_ratio = 4;

// -- sends to other nodes -----------------------------------------------------

/// Bytes of one connection between nodes that the operating system has not
/// taken: at *high* whoever sends there is told to slow down, at *low* to go
/// on. More than `write_high_bytes`, since all actors of two nodes share one
/// connection, and since CAF's network thread takes messages in large turns: it
/// must find enough to do until those who were told to go on have been
/// scheduled. By the same marks the messages count that it has not taken yet.
inline constexpr std::size_t remote_high_bytes = 1024 * 1024;
inline constexpr std::size_t remote_low_bytes = 512 * 1024;

/// What a connection between nodes queues at most, but for control traffic.
/// Sixteen times *high*, as for `write_cap_bytes`.
inline constexpr std::size_t remote_cap_bytes = 16 * 1024 * 1024;

/// What a message to another node counts at least while it waits for CAF's
/// network thread: a thousand of them, which it takes in a millisecond, make
/// *high*, however small they are.
inline constexpr std::size_t remote_overhead_bytes = 1024;

/// Messages that wait for CAF's network thread at most: the cap of a mailbox.
/// Before, if they seem to take `remote_cap_bytes`; but what they take is known
/// when they are written, and a few large ones shall not make many small ones
/// come back: so not below a number that the thread takes in a few
/// milliseconds.
inline constexpr std::size_t remote_cap_messages = mailbox_cap_messages;
inline constexpr std::size_t remote_sure_messages = 4'096;

/// Largest message that is accepted from another node: what a byte slice may
/// have, and room for the rest.
inline constexpr std::size_t remote_message_bytes_max = 257 * 1024 * 1024;

/// How often a node says that it is there, and how long another may be silent
/// until it counts as lost: five heartbeats may be late or missing. CAF's own
/// defaults are never, and for ever.
inline constexpr std::chrono::milliseconds remote_heartbeat = 5'000ms;
inline constexpr std::chrono::milliseconds remote_silence = 30'000ms;

/// Threads of the scheduler that read messages of other nodes. None: CAF's
/// network thread does. With them, what has been read waits in a list without
/// a bound for the one that is slowest, and each message walks along the list.
inline constexpr std::size_t remote_workers = 0;

// -- datagrams ----------------------------------------------------------------

/// What a queued datagram counts besides its bytes, so that many small ones
/// fill a queue too. About what one takes in memory; the kernel counts its
/// buffers in the same way.
inline constexpr std::size_t datagram_overhead_bytes = 256;

/// When to try again after the system had no room for a datagram and does not
/// say when it will: for want of buffers (ENOBUFS), or because the receiver of
/// an unconnected Unix socket has not read its own.
inline constexpr std::chrono::milliseconds datagram_retry = 1ms;

/// A datagram that waited for this long comes back: like a stalled peer, see
/// `write_stall`.
inline constexpr std::chrono::milliseconds datagram_expiry = 15'000ms;

// -- connections --------------------------------------------------------------

/// From the start of connect, name look-up included, to *connected*.
inline constexpr std::chrono::milliseconds connect_deadline = 20'000ms;

/// After `close{drain}`: how long no byte may move before the connection is
/// aborted, and how long its peer may take to end, too. nginx lingers for 5 s.
inline constexpr std::chrono::milliseconds close_drain = 5'000ms;

/// Name look-ups under way at once in one process; the next one fails.
inline constexpr std::size_t lookups_max = 256;

/// How long a name server has to answer before the next one is asked, doubled
/// with each round over all of them, and the rounds. These are the values of
/// newer c-ares; its older ones (5 s, 4 rounds: 75 s in all) and glibc's are
/// longer than anybody waits.
inline constexpr std::chrono::milliseconds lookup_try = 2'000ms;
inline constexpr int lookup_rounds = 3;

/// A host name and a part of it between two dots (RFC 1035, 2.3.4; without
/// the length bytes of the wire).
inline constexpr std::size_t host_name_bytes_max = 253;
inline constexpr std::size_t host_label_bytes_max = 63;

/// How much of somebody else's text an error repeats.
inline constexpr std::size_t error_excerpt_bytes = 160;

// -- framing ------------------------------------------------------------------

/// Largest frame that a codec accepts unless told otherwise.
inline constexpr std::size_t frame_bytes_max = 1024 * 1024;

/// Longest line of the line codec unless told otherwise.
inline constexpr std::size_t line_bytes_max = 64 * 1024;

/// RESP2: elements of one array, nesting, and the bytes of one bulk string.
/// Redis' own values are 1024*1024, unlimited for replies, and 512 MiB.
inline constexpr std::size_t resp_elements_max = 1024 * 1024;
inline constexpr std::size_t resp_depth_max = 8;
inline constexpr std::size_t resp_bulk_bytes_max = 64 * 1024 * 1024;

/// RESP2: longest inline command or status line, as in Redis.
inline constexpr std::size_t resp_inline_bytes_max = 64 * 1024;

/// RESP2: one whole command or reply. Twice the longest bulk string, so that
/// it may stand beside others; Redis' own value is 1 GiB.
inline constexpr std::size_t resp_frame_bytes_max = 2 * resp_bulk_bytes_max;

/// First slab of a frame that spans reads, unless the frame is known to be
/// shorter; it then grows with the bytes that arrive.
inline constexpr std::size_t gather_min_bytes = 256;

// -- HTTP: servers ------------------------------------------------------------

/// A request's first line. What browsers and other servers manage (RFC 9110,
/// section 4.1, asks for 8,000); nginx has 8 KiB, too.
inline constexpr std::size_t http_request_line_bytes_max = 8 * 1024;

/// A request's line and fields. Four times a line, as in nginx.
inline constexpr std::size_t http_head_bytes_max = 32 * 1024;

/// Fields of a request, trailers included. Apache's limit; browsers send 20.
inline constexpr std::size_t http_fields_max = 100;

/// A body that no route has a limit for. nginx's limit.
inline constexpr std::uint64_t http_body_bytes_max = 1024 * 1024;

/// What is read of a body that nobody wants any more, so that its connection
/// can be used again: about what is on its way when the answer arrives.
inline constexpr std::uint64_t http_unread_body_bytes_max = 64 * 1024;

/// For the head of a request, from its first byte. It fits into a few packets;
/// whoever takes longer wants to occupy the connection (slowloris).
inline constexpr std::chrono::milliseconds http_head_deadline = 10'000ms;

/// Silence inside of a body. nginx waits 60 s, which is long for a stalled one.
inline constexpr std::chrono::milliseconds http_body_silence = 30'000ms;

/// Between two requests. nginx has 75 s; a little less than what load balancers
/// wait for would let them use a connection that is about to end.
inline constexpr std::chrono::milliseconds http_idle = 75'000ms;

/// Connections of one server. At about 1 KB each a bound on its memory, and
/// below the descriptors that a server is usually given.
inline constexpr std::size_t http_connections_max = 10'000;

// -- HTTP: files and clients --------------------------------------------------

/// Pairs of names and values in one query.
inline constexpr std::size_t http_query_pairs_max = 256;

/// Ranges of one request that are answered as ranges; whoever asks for more
/// gets the whole file. A reader of a PDF asks for a few; thousands of them are
/// an attack (CVE-2011-3192).
inline constexpr std::size_t http_ranges_max = 16;

/// What is read of a file at once: what the kernel takes of a write on
/// loopback, and reads ahead of a disk anyway.
inline constexpr std::size_t http_file_piece_bytes = 64 * 1024;

/// Files of one folder that are open at once. With a connection for each that
/// is about the 1,024 descriptors that a process has unless told otherwise.
inline constexpr std::size_t http_files_open_max = 512;

/// How long a disk may take for a piece of a file.
inline constexpr std::chrono::milliseconds http_file_answer = 30'000ms;

/// Requests that wait in a client for the answers before them: a second's work
/// of a server that takes a millisecond for each.
inline constexpr std::size_t http_client_queue_requests = 1'024;

/// From the sending of a request to the end of its answer, unless told
/// otherwise.
inline constexpr std::chrono::milliseconds http_answer_deadline = 30'000ms;

/// How long a client holds a body back for a server that was asked whether it
/// wants it and says nothing; curl's value.
inline constexpr std::chrono::milliseconds http_continue_wait = 1'000ms;

/// Status line and fields of an answer, and their number. Browsers take 256
/// KiB; servers that send more than a few KiB are rare.
inline constexpr std::size_t http_answer_head_bytes_max = 64 * 1024;
inline constexpr std::size_t http_answer_fields_max = 256;

/// The body that a fetch collects, unless told otherwise.
inline constexpr std::size_t http_fetch_body_bytes = 1024 * 1024;

// -- channels -----------------------------------------------------------------

/// What an outlet may have in flight: sent, and not yet freed by the receiver.
/// Enough for a message every 250 ns over a round trip of 1 ms, and about what
/// waits in front of it in an outlet of small messages; whoever needs more at
/// a distance sets a larger window. New credit is granted at half.
inline constexpr std::size_t channel_window_messages = 4'096;
inline constexpr std::size_t channel_window_bytes = 1024 * 1024;

/// What waits in an outlet for credit: at *high* its owner is told to slow
/// down, at *low* to go on, over the cap `push` refuses. As `write_high_bytes`,
/// but four times that: one turn of a link takes 64 KiB at once.
inline constexpr std::size_t channel_pending_high_bytes = 256 * 1024;
inline constexpr std::size_t channel_pending_low_bytes = 128 * 1024;
inline constexpr std::size_t channel_pending_cap_bytes = 1024 * 1024;

/// One message in its serialized form. It travels in one frame, and control
/// frames wait behind it: 1 MiB takes 10 ms on a line of 1 Gbit/s.
inline constexpr std::size_t channel_message_bytes_max = 1024 * 1024;

/// A frame takes at most a quarter of the window, so that some is on its way
/// while some is handled. But with fewer messages than these a frame costs more
/// than they do.
inline constexpr std::uint64_t channel_frame_messages_min = 64;

/// At this size a frame of several messages is cut; also what a channel may
/// send before the next one of its link has its turn.
inline constexpr std::size_t channel_frame_bytes = 64 * 1024;

/// Largest frame on a link: one message and its header.
inline constexpr std::size_t channel_link_frame_bytes_max =
    channel_message_bytes_max + 256;

/// Largest frame before the handshake is over: nobody knows yet who it is.
inline constexpr std::size_t channel_handshake_frame_bytes_max = 512;

/// Data that a link puts into its connection's queue before the operating
/// system has taken it: what a control frame waits behind, at most, with one
/// more frame. As much as Linux takes at once on loopback.
inline constexpr std::size_t channel_link_queue_bytes = 256 * 1024;

/// Control frames that wait, in bytes. Who asks for more answers than it reads
/// is cut off.
inline constexpr std::size_t channel_control_bytes_max = 1024 * 1024;

/// Smallest and largest piece of memory into which an outlet serializes small
/// messages. It starts with the smallest and doubles, so that a thousand quiet
/// channels take little.
inline constexpr std::size_t channel_chunk_min_bytes = 4 * 1024;
inline constexpr std::size_t channel_chunk_max_bytes = 64 * 1024;

/// A message that is a byte_slice of at least this size is sent as it is; a
/// smaller one is copied next to its neighbours, which is cheaper.
inline constexpr std::size_t channel_slice_min_bytes = 4 * 1024;

/// Channels of one link.
inline constexpr std::size_t channels_per_link_max = 4'096;

/// How often each end of a link says that it is there; how long the other may
/// be silent. Three pings may be lost or late.
inline constexpr std::chrono::milliseconds channel_ping_interval = 5'000ms;
inline constexpr std::chrono::milliseconds channel_silence_max = 15'000ms;

/// From *connected* to the end of the handshake, on both sides; also how long
/// the answer to the opening of a channel may take, which is looked for at each
/// ping.
inline constexpr std::chrono::milliseconds channel_handshake = 5'000ms;

/// Inlets of a group that no link serves: interrupted, or finished and kept
/// lest an outlet that did not hear of it sends everything again. Half a
/// kilobyte each.
inline constexpr std::size_t channel_group_resting_max = 1'024;

/// Bytes of somebody's text in a refusal.
inline constexpr std::size_t channel_reason_bytes_max = 200;

// -- clusters -----------------------------------------------------------------

/// How often a member says that it lives: a dozen bytes, six times before it is
/// suspected.
inline constexpr std::chrono::milliseconds cluster_beat = 500ms;

/// Silence after which a member is suspected, and after which it is down. A
/// garbage collection or a swapped machine takes a second; after ten, whoever
/// waits for an answer has given up.
inline constexpr std::chrono::milliseconds cluster_suspect_after = 3'000ms;
inline constexpr std::chrono::milliseconds cluster_down_after = 10'000ms;

/// Between two attempts to join.
inline constexpr std::chrono::milliseconds cluster_retry = 500ms;

/// How long the seeds look for a cluster before one of them begins one. At half
/// of it they choose which one: those that were started together have found
/// each other by then.
inline constexpr std::chrono::milliseconds cluster_found_after = 2'000ms;

/// Letters about the members that wait for one node. More are dropped: they
/// are said again. A list of a thousand members fits.
inline constexpr std::size_t cluster_letters_cap_bytes = 256 * 1024;

/// Roles of a node: each goes with every list.
inline constexpr std::size_t cluster_roles_max = 16;

/// How long a node that leaves waits for those who hand over what they have.
/// Gigabytes take that long on one machine; who has more sets more.
inline constexpr std::chrono::milliseconds cluster_drain = 30'000ms;

/// Membership through etcd: the lease of a member, for which it may be silent.
/// The same as `cluster_down_after`. etcd counts in seconds; a lease of less
/// than two could end between two elections of etcd, and one of more than a
/// day would not be noticed by anybody.
inline constexpr std::chrono::seconds etcd_lease = 10s;
inline constexpr std::chrono::seconds etcd_lease_min = 2s;
inline constexpr std::chrono::seconds etcd_lease_max = 86'400s;

/// How long etcd may take for an answer; less if the lease is short. An
/// election of etcd takes a second or two.
inline constexpr std::chrono::milliseconds etcd_answer = 5'000ms;

/// The longest pause between two attempts to reach etcd, which begin with
/// `cluster_retry`: what a cluster waits for at most when etcd is back.
inline constexpr std::chrono::milliseconds etcd_retry_max = 5'000ms;

/// How long a node tries to become a member before it gives up: as long as a
/// service may take to start beside it; a person waits no longer. And how long
/// it tries to tell that it leaves.
inline constexpr std::chrono::milliseconds etcd_start = 20'000ms;
inline constexpr std::chrono::milliseconds etcd_leave = 5'000ms;

/// Endpoints of etcd, which itself advises against more than seven members.
inline constexpr std::size_t etcd_endpoints_max = 16;

/// Largest answer of etcd, and largest line of its watch: a list of some
/// thousand members.
inline constexpr std::size_t etcd_answer_bytes_max = 4 * 1024 * 1024;

/// What is kept of a member in etcd: two endpoints and a dozen roles take a
/// few hundred bytes.
inline constexpr std::size_t member_record_bytes_max = 4 * 1024;

/// Admin interface, one line each way: a request names a verb and a few fields;
/// an answer may list everything that a node knows of itself: a member takes
/// about 200 bytes.
inline constexpr std::size_t admin_request_bytes_max = 64 * 1024;
inline constexpr std::size_t admin_answer_bytes_max = 1024 * 1024;

/// Admin connections of a process at once: those who look, and a few that were
/// forgotten.
inline constexpr std::size_t admin_connections_max = 64;

/// How long an admin connection may ask for nothing. A person who types
/// requests needs a while.
inline constexpr std::chrono::milliseconds admin_idle = 60'000ms;

/// Shards of one set of data. A table has an entry for each, of some hundred
/// bytes, and goes to all nodes in one message.
inline constexpr std::uint32_t shards_default = 64;
inline constexpr std::uint32_t shards_max = 1'024;

/// How often a node tells the planner of shards how it is, and after which
/// silence a primary asks a copy how far it is: a few round trips of a slow
/// network, and well below what a client waits for.
inline constexpr std::chrono::milliseconds shard_report = 500ms;
inline constexpr std::chrono::milliseconds shard_ask_after = 500ms;

/// Operations of one shard that are sent together; a longer one comes alone.
inline constexpr std::size_t shard_segment_bytes_max = 64 * 1024;

/// The longest operation: fits into a message of a channel, with what is around
/// it.
inline constexpr std::size_t shard_operation_bytes_max =
    channel_message_bytes_max - 4 * 1024;

/// What is kept of one shard for one copy of it until it is acknowledged; above
/// it writes wait. More than a round trip of a gigabit, and 64 MiB when all 64
/// shards wait for one node.
inline constexpr std::size_t shard_unacknowledged_bytes_max = 1024 * 1024;

/// Of a shard that a node catches up with, what is on its way to it; leaves
/// room for the writes that come in between.
inline constexpr std::size_t shard_window_bytes = 256 * 1024;

/// Shards at a time with which a node catches up, or which are copied from it:
/// clients notice little, and a node of 64 shards has its share in seconds.
inline constexpr std::uint32_t shard_transfers_max = 4;

/// Between two attempts to make a lost link for shards again.
inline constexpr std::chrono::milliseconds shard_peer_retry = 200ms;

/// Sharded actors. How long a request waits for somebody to serve its shard:
/// longer than it takes to notice that a node is silent.
inline constexpr std::chrono::milliseconds sharding_hold = 15'000ms;

/// How long an entity may take for an answer: a person would have given up.
inline constexpr std::chrono::milliseconds sharding_answer = 30'000ms;

/// When a shard moves: how long the answers of its entities are awaited, and
/// then their states. Both together are less than `sharding_hold`, so that
/// requests that wait meanwhile do not fail, and than `cluster_drain`.
inline constexpr std::chrono::milliseconds sharding_stop = 5'000ms;
inline constexpr std::chrono::milliseconds sharding_hand_over = 3'000ms;

/// How often a region looks for what is overdue: the precision of these times.
inline constexpr std::chrono::milliseconds sharding_look = 100ms;

/// Requests of one node that wait, and that are under way: some seconds of a
/// busy service; with small messages some megabytes.
inline constexpr std::size_t sharding_waiting_max = 10'000;
inline constexpr std::size_t sharding_under_way_max = 10'000;

/// Entities of one node: about a kilobyte each, without their state.
inline constexpr std::size_t sharding_entities_max = 100'000;

/// A key is a name, and goes with each request.
inline constexpr std::size_t sharding_key_bytes_max = 512;

/// A request, an answer, or the state of an entity: half of what a message of a
/// channel may have.
inline constexpr std::size_t sharding_message_bytes_max = 512 * 1024;

/// Between two attempts of a keeper of names to reach another one, or to mend
/// what was lost between them.
inline constexpr std::chrono::milliseconds names_retry = 200ms;

/// How long a registration waits for those who decide: as long as it takes
/// until a silent member is down.
inline constexpr std::chrono::milliseconds names_claim_wait = 15'000ms;

/// Names of the actors of one node. Its whole list goes to each other node when
/// they connect: 3 MB with names of the usual length.
inline constexpr std::size_t names_per_node_max = 10'000;

/// Between two attempts of a bridge to go on after its link was lost.
inline constexpr std::chrono::milliseconds topic_retry = 200ms;

/// How often a topic looks whether its subscribers are still there, for the
/// other nodes.
inline constexpr std::chrono::milliseconds topic_census = 500ms;

/// How long a bridge stays when the other node has no subscriber any more:
/// several lost connections of the names, one after the other.
inline constexpr std::chrono::milliseconds topic_linger = 5'000ms;

/// What a bridge may have in flight, in messages: they fit into the mailbox of
/// the topic at the other end without filling it.
inline constexpr std::size_t topic_window_messages = 128;

/// Name of a topic: with what is put before it, it is a name of a registry.
inline constexpr std::size_t topic_name_bytes_max = 200;

// -- metrics ------------------------------------------------------------------

/// Names of actors' classes that the metrics of mailboxes tell apart; each is a
/// dozen time series. A program has as many as it has kinds of actors.
inline constexpr std::size_t mailbox_names_max = 64;

/// What is kept of such a name.
inline constexpr std::size_t mailbox_name_bytes_max = 64;

/// How long a loop may take to give its figures before the others are given
/// without them: long for a loop (it answers in microseconds), short for
/// Prometheus, which waits for 10 s.
inline constexpr std::chrono::milliseconds metrics_answer = 1'000ms;

/// Scrapes that wait for one that is under way; one more is refused.
inline constexpr std::size_t metrics_waiting_max = 64;

// -- page ---------------------------------------------------------------------

/// How often a node that is watched reports, and a page is told: what the eye
/// follows, and a fiftieth of what a busy page would cost.
inline constexpr std::chrono::milliseconds observe_interval = 500ms;

/// How often a watching node says that it still watches, and after which
/// silence it is not reported to any more: three lost words.
inline constexpr std::chrono::milliseconds observe_renew = 1'000ms;
inline constexpr std::chrono::milliseconds observe_lease = 4'000ms;

/// How long a node keeps on watching when its last page was closed: a reload,
/// or a person who asks again with curl.
inline constexpr std::chrono::milliseconds observe_linger = 10'000ms;

/// A report that is older is not shown as what is so: three have not come.
inline constexpr std::chrono::milliseconds observe_report_old = 2'000ms;

/// How long a report may take until the reports to that node are shortened.
inline constexpr std::chrono::milliseconds observe_slow_reader = 1'000ms;

/// How long the loops of a process may take to say how they are, before the
/// report goes without those that did not.
inline constexpr std::chrono::milliseconds observe_survey = 200ms;

/// A link over which something was sent, and nothing taken for so long, is
/// shown as stalled: longer than `channel_ping_interval`, at which a receiver
/// says what it has taken.
inline constexpr std::chrono::milliseconds observe_stall =
    channel_ping_interval + 1'000ms;

/// Pressure counts as over for the event log when it did not return for so
/// long, so that a queue that flaps makes two events and not four a second.
inline constexpr std::chrono::milliseconds observe_calm = 2'000ms;

/// Between two events of one kind about one thing, e.g. closed connections.
inline constexpr std::chrono::milliseconds observe_event_pause = 5'000ms;

/// What a node does for a page has to be answered within this, which is more
/// than a garbage collection and less than a person's patience; a launcher may
/// have to wait for a process to end, or for one to be a member.
inline constexpr std::chrono::milliseconds observe_control = 3'000ms;
inline constexpr std::chrono::milliseconds observe_launcher = 60'000ms;

/// A node that was asked to cut itself off from the one that asks answers
/// first, and then waits for so long: many round trips.
inline constexpr std::chrono::milliseconds observe_cut_delay = 200ms;

/// What one report has: links to each of the other nodes of a large cluster,
/// and rows as a page shows them. With full texts it stays below a quarter of
/// what a message of a channel may have.
inline constexpr std::size_t observe_links_max = 256;
inline constexpr std::size_t observe_holds_max = 64;
inline constexpr std::size_t observe_rows_max = 100;
inline constexpr std::size_t observe_rows_quiet_min = 10; // not under pressure
inline constexpr std::size_t observe_reasons_max = 32;
inline constexpr std::size_t observe_text_bytes_max = 128;

/// The page: two minutes of history, the last events, and rows of the cluster.
inline constexpr std::size_t observe_history_frames = 240;
inline constexpr std::size_t observe_events_max = 200;

/// The history as the text that a page gets first: fifty nodes in good health
/// take 4 MB.
inline constexpr std::size_t observe_history_bytes_max = 6 * 1024 * 1024;

/// Members of a former life that are still shown, as left or down.
inline constexpr std::size_t observe_gone_max = 64;

/// Pages that are open at one node at once, nodes that watch one node, and
/// controls under way: a class room, a large cluster, an impatient person.
inline constexpr std::size_t observe_pages_max = 64;
inline constexpr std::size_t observe_watchers_max = 256;
inline constexpr std::size_t observe_controls_max = 32;

/// Controls of one page under way, and what waits for a browser: a hello with
/// all the history, and some frames.
inline constexpr std::size_t observe_page_commands_max = 8;
inline constexpr std::size_t observe_page_queue_bytes_max = 16 * 1024 * 1024;

/// A text that a page sends: one control.
inline constexpr std::size_t observe_command_bytes_max = 4 * 1024;

// -- WebSockets ---------------------------------------------------------------

/// The longest message that may come, its fragments together: a picture, or a
/// batch of records; what is longer should come as several. A hundredth of what
/// Node's ws takes.
inline constexpr std::size_t websocket_message_bytes_max = 1024 * 1024;

/// When nothing came for this long the peer is pinged: before the 60 s after
/// which nginx and most routers forget a silent connection.
inline constexpr std::chrono::milliseconds websocket_ping_interval = 30'000ms;

/// How long it may take to answer: longer than a phone needs to wake up.
inline constexpr std::chrono::milliseconds websocket_ping_answer = 20'000ms;

/// How long it may take to answer our close frame; as `close_drain`.
inline constexpr std::chrono::milliseconds websocket_close_answer = 5'000ms;

/// Of a server without pages: how long a client may take for its request. No
/// person types it.
inline constexpr std::chrono::milliseconds websocket_handshake = 10'000ms;

/// What the head of a handshake has at most, on both sides: as with nginx and
/// Apache.
inline constexpr std::size_t websocket_head_bytes_max = 8 * 1024;

// -- byte slices --------------------------------------------------------------

/// Largest slice accepted from a serialized message.
inline constexpr std::size_t slice_bytes_max = 256 * 1024 * 1024;

} // namespace sluice::runtime::limits
