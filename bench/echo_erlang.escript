#!/usr/bin/env escript
%%! +S 1:1 +Q 65536 +P 262144
%% Peer: echo and sink on Erlang's gen_tcp: a process per connection, active
%% mode a hundred messages at a time, and one scheduler.
-mode(compile).

main(Args) ->
    Options = parse(Args, #{port => 0, buffer => 0, sink => false,
                            seconds => 5}),
    {ok, Listener} =
        gen_tcp:listen(maps:get(port, Options),
                       [binary, {packet, raw}, {active, false},
                        {nodelay, true}, {reuseaddr, true}, {backlog, 4096},
                        {ip, {127, 0, 0, 1}}]
                       ++ [{buffer, B} || B <- [maps:get(buffer, Options)],
                                          B > 0]),
    {ok, Port} = inet:port(Listener),
    io:format("listening ~b~n", [Port]),
    accept(Listener, Options).

parse(["--port", N | Rest], Options) ->
    parse(Rest, Options#{port => list_to_integer(N)});
parse(["--buffer", N | Rest], Options) ->
    parse(Rest, Options#{buffer => list_to_integer(N)});
parse(["--seconds", N | Rest], Options) ->
    parse(Rest, Options#{seconds => list_to_integer(N)});
parse(["--sink" | Rest], Options) ->
    parse(Rest, Options#{sink => true});
parse([], Options) ->
    Options;
parse(_, _) ->
    io:format("echo_erlang.escript [--port PORT] [--buffer BYTES] "
              "[--sink [--seconds N]]~n"),
    halt(2).

accept(Listener, Options) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Pid = spawn(fun() -> receive start -> serve(Socket, Options) end end),
    ok = gen_tcp:controlling_process(Socket, Pid),
    Pid ! start,
    accept(Listener, Options).

serve(Socket, #{sink := true, seconds := Seconds}) ->
    End = erlang:monotonic_time(millisecond) + Seconds * 1000,
    sink(Socket, binary:copy(<<"x">>, 65536), End);
serve(Socket, _) ->
    ok = inet:setopts(Socket, [{active, 100}]),
    echo(Socket).

echo(Socket) ->
    receive
        {tcp, Socket, Data} ->
            case gen_tcp:send(Socket, Data) of
                ok -> echo(Socket);
                {error, _} -> gen_tcp:close(Socket)
            end;
        {tcp_passive, Socket} ->
            case inet:setopts(Socket, [{active, 100}]) of
                ok -> echo(Socket);
                {error, _} -> gen_tcp:close(Socket)
            end;
        {tcp_closed, Socket} -> ok;
        {tcp_error, Socket, _} -> ok
    end.

%% gen_tcp:send suspends the process while the port is busy.
sink(Socket, Block, End) ->
    case erlang:monotonic_time(millisecond) < End
        andalso gen_tcp:send(Socket, Block) of
        ok -> sink(Socket, Block, End);
        _ -> gen_tcp:close(Socket)
    end.
