#!/usr/bin/env escript
%%! +S 1:1 -start_epmd false -epmd_module erlang_pair -setcookie erlang_pair -kernel inet_dist_use_interface {127,0,0,1}
%% Two Erlang nodes and the distribution between them: the same jobs as the
%% other pairs. Runs without epmd: this module says itself where the other node
%% listens (ERTS user's guide, "How to implement an alternative service
%% discovery for Erlang distribution").
-module(erlang_pair).
-mode(compile).
-export([main/1]).
-export([start_link/0, register_node/3, listen_port_please/2, port_please/2,
         address_please/3, names/1]).

-define(BLOCK_BYTES, 65536).
-define(BLOCKS, 16).
%% {messages that the sender may be ahead, messages that are confirmed at once}
-define(STREAM_CREDIT, {4000, 1000}).
-define(BULK_CREDIT, {64, 16}).

main(["receive" | Args]) ->
    {Port, _} = parse(Args, 0, #{}),
    persistent_term:put(erlang_pair_port, Port),
    {ok, _} = net_kernel:start(['receiver@127.0.0.1', longnames]),
    register(erlang_pair, self()),
    io:format("listening ~b~n", [persistent_term:get(erlang_pair_port)]),
    serve();
main(["send" | Args]) ->
    {Port, Options} = parse(Args, 0, #{seconds => 1, count => 0}),
    persistent_term:put(erlang_pair_port, 0),
    {ok, _} = net_kernel:start(['sender@127.0.0.1', longnames]),
    persistent_term:put(erlang_pair_port, Port),
    send(Options);
main(_) ->
    io:format("erlang_pair.escript receive [--port PORT]~n"
              "erlang_pair.escript send --port PORT --job "
              "stream|bulk|ping|slow [--seconds S] [--count N]~n"),
    halt(2).

parse(["--port", N | Rest], _, Options) ->
    parse(Rest, list_to_integer(N), Options);
parse(["--job", Job | Rest], Port, Options) ->
    parse(Rest, Port, Options#{job => list_to_atom(Job)});
parse(["--seconds", S | Rest], Port, Options) ->
    parse(Rest, Port, Options#{seconds => number(S)});
parse(["--count", N | Rest], Port, Options) ->
    parse(Rest, Port, Options#{count => list_to_integer(N)});
parse([], Port, Options) ->
    {Port, Options};
parse(_, _, _) ->
    main([]).

number(Text) ->
    case string:to_float(Text) of
        {error, no_float} -> list_to_integer(Text);
        {X, _} -> X
    end.

%% -- in place of epmd: the sender's node asks for the receiver's port, and the
%% receiver's node says what it got

start_link() -> ignore.
register_node(_, Port, _) ->
    persistent_term:put(erlang_pair_port, Port),
    {ok, erlang:unique_integer([positive]) rem 3 + 1}.
listen_port_please(_, _) -> {ok, persistent_term:get(erlang_pair_port)}.
port_please(_, _) -> {port, persistent_term:get(erlang_pair_port), 6}.
address_please(_, _, _) ->
    {ok, {127, 0, 0, 1}, persistent_term:get(erlang_pair_port), 6}.
names(_) -> {error, address}.

%% -- the receiver

serve() ->
    receive
        {hello, From, Job} ->
            From ! {hello, self()},
            serve(Job, From)
    end.

serve(stream, From) ->
    {_, Every} = ?STREAM_CREDIT,
    stream(From, 0, Every, Every);
serve(bulk, From) ->
    {_, Every} = ?BULK_CREDIT,
    bulk(From, 0, Every, Every);
serve(ping, From) -> ping(From);
serve(slow, From) -> slow(From, 0, now_ns()).

stream(From, N, Every, 0) ->
    From ! {handled, N},
    stream(From, N, Every, Every);
stream(From, N, Every, Left) ->
    receive
        N -> stream(From, N + 1, Every, Left - 1);
        done -> done(From, N);
        X when is_integer(X) -> wrong(From, N)
    end.

bulk(From, N, Every, 0) ->
    From ! {handled, N},
    bulk(From, N, Every, Every);
bulk(From, N, Every, Left) ->
    receive
        X when is_binary(X) ->
            Mark = N rem ?BLOCKS,
            End = $a + Mark,
            case byte_size(X) =:= ?BLOCK_BYTES
                andalso binary:first(X) =:= Mark
                andalso binary:last(X) =:= End of
                true -> bulk(From, N + 1, Every, Left - 1);
                false -> wrong(From, N)
            end;
        done -> done(From, N)
    end.

ping(From) ->
    receive
        done -> done(From, 0);
        N -> From ! N, ping(From)
    end.

slow(From, N, Next) ->
    receive
        N ->
            Until = max(Next, now_ns()) + 1000000,
            timer:sleep(max(0, (Until - now_ns()) div 1000000)),
            slow(From, N + 1, Until);
        X when is_integer(X) -> wrong(From, N)
    end.

done(From, N) ->
    From ! {done, N},
    serve().

%% Says how far it was right; what else comes is of no interest.
wrong(From, N) ->
    receive
        done -> done(From, N);
        _ -> wrong(From, N)
    end.

%% -- the sender

send(#{job := Job, seconds := Seconds, count := Count}) ->
    {erlang_pair, 'receiver@127.0.0.1'} ! {hello, self(), Job},
    Peer = receive {hello, X} -> X end,
    monitor_node(node(Peer), true),
    Max = if Count =:= 0 -> 1 bsl 62; true -> Count end,
    Job =:= slow andalso io:format("ready~n"),
    Job =:= slow andalso io:get_line(""),
    Begin = now_ns(),
    End = Begin + round(Seconds * 1000000000),
    {N, Fault, Latency} = send(Job, Peer, Max, End),
    Passed = (now_ns() - Begin) / 1000000000,
    print(Job, N, Passed, Fault, Latency),
    await_end(),
    halt(if Fault =:= null -> 0; true -> 1 end).

send(stream, Peer, Max, End) ->
    {Credit, _} = ?STREAM_CREDIT,
    confirm(Peer, flow(Peer, fun(N) -> N end, 0, 0, Credit, Max, End));
send(bulk, Peer, Max, End) ->
    {Credit, _} = ?BULK_CREDIT,
    Blocks = list_to_tuple([block(I) || I <- lists:seq(0, ?BLOCKS - 1)]),
    Make = fun(N) -> element(N rem ?BLOCKS + 1, Blocks) end,
    confirm(Peer, flow(Peer, Make, 0, 0, Credit, Max, End));
send(ping, Peer, Max, End) ->
    ping(Peer, 0, Max, now_ns(), End, []);
send(slow, Peer, Max, End) ->
    %% As many as the busy port lets through; what was offered is still under
    %% way when the last one is sent, so that the job lasts for its time.
    N = flood(Peer, 0, Max, End),
    timer:sleep(max(0, (End - now_ns()) div 1000000)),
    {N, null, []}.

block(I) ->
    Body = binary:copy(<<($a + I)>>, ?BLOCK_BYTES - 8),
    <<I:64/little, Body/binary>>.

%% Sends until Credit messages are not confirmed, and goes on as they are.
flow(Peer, Make, N, Handled, Credit, Max, End)
  when N < Handled + Credit, N < Max ->
    Peer ! Make(N),
    flow(Peer, Make, N + 1, Handled, Credit, Max, End);
flow(_, _, Max, _, _, Max, _) ->
    Max;
flow(Peer, Make, N, _, Credit, Max, End) ->
    receive
        {handled, M} ->
            case now_ns() < End of
                true -> flow(Peer, Make, N, M, Credit, Max, End);
                false -> N
            end;
        {nodedown, _} -> N
    end.

confirm(Peer, N) ->
    Peer ! done,
    receive
        {done, N} -> {N, null, []};
        {done, M} when M =/= N ->
            {M, "the receiver did not get everything in order", []};
        {nodedown, _} -> {0, "the receiver is gone", []}
    end.

ping(_, N, Max, Now, End, Latency) when N =:= Max; Now >= End ->
    {N, null, lists:sort(Latency)};
ping(Peer, N, Max, Begin, End, Latency) ->
    Peer ! N,
    receive
        N ->
            Now = now_ns(),
            ping(Peer, N + 1, Max, Now, End, [Now - Begin | Latency]);
        {nodedown, _} -> {N, "the receiver is gone", []};
        _ -> {N, "another number came back", []}
    end.

flood(_, Max, Max, _) -> Max;
flood(Peer, N, Max, End) ->
    case N rem 1000 =/= 0 orelse now_ns() < End of
        true -> Peer ! N, flood(Peer, N + 1, Max, End);
        false -> N
    end.

now_ns() -> erlang:monotonic_time(nanosecond).

await_end() ->
    case io:get_line("") of
        eof -> ok;
        _ -> await_end()
    end.

percentile([], _) -> 0.0;
percentile(Sorted, Percent) ->
    Rank = max(1, ceil(length(Sorted) * Percent / 100)),
    lists:nth(Rank, Sorted) / 1000.

print(Job, N, Passed, Fault, Latency) ->
    Rate = N / Passed,
    Bytes = case Job of bulk -> ?BLOCK_BYTES; _ -> 8 end,
    Text = case Fault of null -> "null"; _ -> [$", Fault, $"] end,
    io:format("{\"job\": \"~s\", \"messages\": ~b, \"seconds\": ~.4f, "
              "\"rate\": ~.1f, \"mb_per_s\": ~.2f, \"p50_us\": ~.1f, "
              "\"p99_us\": ~.1f, \"fault\": ~s}~n",
              [Job, N, Passed, Rate, Rate * Bytes / 1000000,
               percentile(Latency, 50), percentile(Latency, 99), Text]).
