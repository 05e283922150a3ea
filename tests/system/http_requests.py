"""Requests that a server must refuse, and odd ones that it must take: the
bytes, what is to come back, and where that is written.

RFC 9112 is HTTP/1.1, RFC 9110 is what all versions of HTTP have in common. The
refused ones are those that two servers in a row may read differently: what one
takes for a body is a request for the other (request smuggling).
"""

from collections import namedtuple

# A route that sends the body back while it comes, one that answers when it has
# all of it, and one that ignores bodies.
ECHO = "/echo"
COLLECT = "/collect"
HELLO = "/hello"

# `statuses`: any of them is right; where the RFC names one, only that.
Refused = namedtuple("Refused", "name data statuses source")

# `body`: of the answer, which has status 200.
Taken = namedtuple("Taken", "name data body source")

LONG = 20_000
HUGE = 200_000


def _head(*lines, verb="POST", target=ECHO, version="HTTP/1.1", host="Host: a"):
    """A head of these lines, each ended as it should be."""
    first = [f"{verb} {target} {version}"] + ([host] if host else [])
    return "".join(x + "\r\n" for x in [*first, *lines]).encode("latin1") + b"\r\n"


def _get(*lines, **options):
    return _head(*lines, **{"verb": "GET", "target": HELLO, **options})


_CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
_CODED = "Transfer-Encoding: chunked"


def _coded(value, body=_CHUNKS, **options):
    return _head("Transfer-Encoding:" + value, **options) + body


def _sized(value, body=b"hello", **options):
    return _head("Content-Length:" + value, **options) + body


def _chunked(body):
    return _head(_CODED) + body


def _bad_chunks(body):
    """To a route that answers when it has the whole body."""
    return _head(_CODED, target=COLLECT) + body


_BAD = (400,)
# A coding that is not known may be refused as such (RFC 9112, section 6.1) or
# because the length of the body is not known (section 6.3).
_CODING = (400, 501)

REFUSED = [
    # -- two ways to say where a body ends ------------------------------------
    Refused("length_before_coding",
            _head("Content-Length: 5", _CODED) + _CHUNKS, _BAD, "9112 6.3"),
    Refused("coding_before_length",
            _head(_CODED, "Content-Length: 5") + _CHUNKS, _BAD, "9112 6.3"),
    Refused("coding_and_length_zero",
            _head(_CODED, "Content-Length: 0") + _CHUNKS, _BAD, "9112 6.3"),
    Refused("two_lengths_different",
            _head("Content-Length: 5", "Content-Length: 6") + b"hello!", _BAD,
            "9110 8.6"),
    Refused("two_lengths_in_one_line",
            _sized(" 5,6", b"hello!"), _BAD, "9110 8.6"),
    Refused("two_lengths_first_zero",
            _head("Content-Length: 0", "Content-Length: 5") + b"hello", _BAD,
            "9110 8.6"),

    # -- codings --------------------------------------------------------------
    Refused("coding_identity", _coded(" identity"), _CODING, "9112 6.1"),
    Refused("coding_unknown", _coded(" xchunked"), _CODING, "9112 6.1"),
    Refused("coding_prefix_of_chunked", _coded(" chunke"), _CODING,
            "9112 6.1"),
    Refused("coding_longer_than_chunked", _coded(" chunkedx"), _CODING,
            "9112 6.1"),
    Refused("coding_twice_in_one_line", _coded(" chunked, chunked"), _CODING,
            "9112 6.1"),
    Refused("coding_in_two_lines",
            _head(_CODED, _CODED) + _CHUNKS, _CODING, "9112 6.1"),
    Refused("coding_in_two_lines_second_identity",
            _head(_CODED, "Transfer-Encoding: identity") + _CHUNKS, _CODING,
            "9112 6.3"),
    Refused("coding_in_two_lines_first_identity",
            _head("Transfer-Encoding: identity", _CODED) + _CHUNKS, _CODING,
            "9112 6.1"),
    Refused("coding_before_chunked", _coded(" gzip, chunked"), _CODING,
            "9112 6.1"),
    Refused("chunked_is_not_the_last", _coded(" chunked, gzip"), _CODING,
            "9112 6.3"),
    Refused("coding_empty", _coded(""), _CODING, "9112 6.1"),
    Refused("coding_ends_with_a_vertical_tab", _coded(" chunked\x0b"), _CODING,
            "9110 5.5"),
    Refused("coding_begins_with_a_vertical_tab", _coded("\x0bchunked"),
            _CODING, "9110 5.5"),
    Refused("coding_begins_with_a_form_feed", _coded("\x0cchunked"), _CODING,
            "9110 5.5"),
    Refused("coding_with_a_no_break_space", _coded("\xa0chunked"), _CODING,
            "9110 5.5"),
    Refused("coding_quoted", _coded(' "chunked"'), _CODING, "9112 6.1"),
    Refused("coding_with_a_parameter", _coded(" chunked;a=b"), _CODING,
            "9112 6.1"),
    Refused("coding_with_an_inner_space", _coded(" chun ked"), _CODING,
            "9112 6.1"),
    Refused("no_length_in_http_1_0",
            _head(version="HTTP/1.0") + b"hello", (411,), "9110 15.5.12"),
    Refused("coding_in_http_1_0", _coded(" chunked", version="HTTP/1.0"),
            _CODING, "9112 6.1"),

    # -- lengths --------------------------------------------------------------
    Refused("length_with_a_plus", _sized(" +5"), _BAD, "9110 8.6"),
    Refused("length_with_a_minus", _sized(" -5"), _BAD, "9110 8.6"),
    Refused("length_hexadecimal", _sized(" 0x5"), _BAD, "9110 8.6"),
    Refused("length_with_an_exponent", _sized(" 5e0"), _BAD, "9110 8.6"),
    Refused("length_with_a_fraction", _sized(" 5.0"), _BAD, "9110 8.6"),
    Refused("length_with_a_letter", _sized(" 5a"), _BAD, "9110 8.6"),
    Refused("length_with_an_inner_space", _sized(" 5 5"), _BAD, "9110 8.6"),
    Refused("length_with_a_comma", _sized(" 5,"), _BAD, "9110 8.6"),
    Refused("length_with_an_underscore", _sized(" 1_0"), _BAD, "9110 8.6"),
    Refused("length_empty", _sized(""), _BAD, "9110 8.6"),
    Refused("length_in_superscript", _sized(" \xb2"), _BAD, "9110 8.6"),
    Refused("length_with_a_vertical_tab", _sized(" 5\x0b"), _BAD, "9110 8.6"),
    Refused("length_over_64_bits", _sized(" 18446744073709551621"),
            (400, 413), "9110 8.6"),
    Refused("length_of_40_digits", _sized(" " + "9" * 40), (400, 413),
            "9110 8.6"),
    Refused("length_of_64_bits", _sized(" 18446744073709551615"), (400, 413),
            "9110 15.5.14"),
    Refused("length_of_63_bits", _sized(" 9223372036854775807"), (413,),
            "9110 15.5.14"),

    # -- ends of lines --------------------------------------------------------
    Refused("bare_lf_after_the_request_line",
            b"GET /hello HTTP/1.1\nHost: a\r\n\r\n", _BAD, "9112 2.2"),
    Refused("bare_lf_after_a_field",
            b"GET /hello HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", _BAD, "9112 2.2"),
    Refused("bare_lf_ends_the_head",
            b"GET /hello HTTP/1.1\r\nHost: a\r\n\n", _BAD, "9112 2.2"),
    Refused("bare_lf_everywhere", b"GET /hello HTTP/1.1\nHost: a\n\n", _BAD,
            "9112 2.2"),
    Refused("bare_cr_in_a_value", _get("X: a\rb"), _BAD, "9112 2.2"),
    Refused("bare_cr_ends_a_field",
            b"GET /hello HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", _BAD, "9112 2.2"),
    Refused("bare_cr_in_the_target",
            b"GET /hel\rlo HTTP/1.1\r\nHost: a\r\n\r\n", _BAD, "9112 2.2"),
    Refused("cr_before_crlf",
            b"GET /hello HTTP/1.1\r\nHost: a\r\r\n\r\n", _BAD, "9112 2.2"),
    Refused("bare_cr_hides_a_coding",
            _head("X: a\rTransfer-Encoding: chunked", "Content-Length: 5")
            + b"hello", _BAD, "9112 2.2"),
    Refused("bare_lf_hides_a_coding",
            _head("X: a\nTransfer-Encoding: chunked", "Content-Length: 5")
            + b"hello", _BAD, "9112 2.2"),

    # -- fields ---------------------------------------------------------------
    Refused("folded_value", _get("X: a", " b"), _BAD, "9112 5.2"),
    Refused("folded_by_a_tab", _get("X: a", "\tb"), _BAD, "9112 5.2"),
    Refused("folded_coding",
            _head("Transfer-Encoding:", " chunked") + _CHUNKS, _CODING,
            "9112 5.2"),
    Refused("folded_to_nothing", _get("X: a", " "), _BAD, "9112 5.2"),
    Refused("first_field_begins_with_a_space",
            b"GET /hello HTTP/1.1\r\n Host: a\r\n\r\n", _BAD, "9112 2.2"),
    Refused("space_before_the_colon", _get("X : a"), _BAD, "9112 5.1"),
    Refused("tab_before_the_colon", _get("X\t: a"), _BAD, "9112 5.1"),
    Refused("space_before_the_colon_of_a_coding",
            _head("Transfer-Encoding : chunked") + _CHUNKS, _BAD, "9112 5.1"),
    Refused("space_before_the_colon_of_a_length",
            _head("Content-Length : 5") + b"hello", _BAD, "9112 5.1"),
    Refused("no_colon", _get("X"), _BAD, "9112 5"),
    Refused("no_name", _get(": a"), _BAD, "9112 5"),
    Refused("space_in_a_name", _get("X Y: a"), _BAD, "9110 5.1"),
    Refused("bracket_in_a_name", _get("X(Y): a"), _BAD, "9110 5.1"),
    Refused("high_byte_in_a_name", _get("X\xe9: a"), _BAD, "9110 5.1"),
    Refused("nul_in_a_name", _get("X\0: a"), _BAD, "9110 5.1"),
    Refused("nul_in_a_value", _get("X: a\0b"), _BAD, "9110 5.5"),
    Refused("control_character_in_a_value", _get("X: a\x01b"), _BAD,
            "9110 5.5"),
    Refused("delete_in_a_value", _get("X: a\x7fb"), _BAD, "9110 5.5"),

    # -- whom it is for -------------------------------------------------------
    Refused("no_host", _get(host=None), _BAD, "9112 3.2"),
    Refused("two_hosts", _get("Host: b"), _BAD, "9112 3.2"),
    Refused("two_hosts_alike", _get("Host: a"), _BAD, "9112 3.2"),
    Refused("host_with_a_space", _get(host="Host: a b"), _BAD, "9112 3.2"),
    Refused("host_with_a_path", _get(host="Host: a/b"), _BAD, "9112 3.2"),
    Refused("host_with_a_user", _get(host="Host: me@a"), _BAD, "9112 3.2"),
    Refused("host_with_a_comma", _get(host="Host: a, b"), _BAD, "9112 3.2"),
    Refused("host_with_a_bad_port", _get(host="Host: a:x"), _BAD, "9112 3.2"),
    Refused("host_with_a_port_too_high", _get(host="Host: a:65536"), _BAD,
            "9110 4.2.1"),

    # -- request lines --------------------------------------------------------
    Refused("no_version", b"GET /hello\r\n\r\n", _BAD, "9112 3"),
    Refused("http_2_0", _get(version="HTTP/2.0"), (400, 505), "9110 15.6.6"),
    Refused("http_2_preface",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505), "9113 3.4"),
    Refused("version_in_lower_case", _get(version="http/1.1"), _BAD,
            "9112 2.3"),
    Refused("version_of_two_digits", _get(version="HTTP/1.10"), (400, 505),
            "9112 2.3"),
    Refused("version_with_a_zero", _get(version="HTTP/01.1"), (400, 505),
            "9112 2.3"),
    Refused("version_without_a_dot", _get(version="HTTP/11"), (400, 505),
            "9112 2.3"),
    Refused("version_of_another_protocol", _get(version="ICY/1.1"), _BAD,
            "9112 2.3"),
    Refused("version_followed_by_a_space", _get(version="HTTP/1.1 "), _BAD,
            "9112 3"),
    Refused("version_followed_by_a_word", _get(version="HTTP/1.1 x"), _BAD,
            "9112 3"),
    Refused("two_spaces_before_the_target", _get(target=" /hello"), _BAD,
            "9112 3"),
    Refused("two_spaces_before_the_version", _get(target="/hello "), _BAD,
            "9112 3"),
    Refused("tab_before_the_target",
            b"GET\t/hello HTTP/1.1\r\nHost: a\r\n\r\n", _BAD, "9112 3"),
    Refused("space_before_the_method", b" " + _get(), _BAD, "9112 3"),
    Refused("space_in_the_target", _get(target="/hel lo"), _BAD, "9112 3"),
    Refused("no_method", b"/hello HTTP/1.1\r\nHost: a\r\n\r\n", _BAD,
            "9112 3.1"),
    Refused("method_with_a_bracket", _get(verb="G(T"), _BAD, "9110 9.1"),
    Refused("method_with_a_nul", _get(verb="G\0T"), _BAD, "9110 9.1"),
    Refused("target_with_a_nul", _get(target="/hel\0lo"), _BAD, "9112 3.2"),
    Refused("target_with_a_control_character", _get(target="/hel\x01lo"), _BAD,
            "9112 3.2"),
    Refused("target_without_a_slash", _get(target="hello"), _BAD, "9112 3.2"),
    Refused("target_with_a_fragment", _get(target="/hello#there"), _BAD,
            "9112 3.2"),
    Refused("target_empty", _get(target=""), _BAD, "9112 3.2"),
    Refused("asterisk_for_get", _get(target="*"), _BAD, "9112 3.2.4"),
    Refused("absolute_without_a_host", _get(target="http:///hello"), _BAD,
            "9110 4.2.1"),
    Refused("absolute_with_a_user", _get(target="http://me@a/hello"), _BAD,
            "9110 4.2.4"),

    # -- chunks ---------------------------------------------------------------
    Refused("chunk_size_ended_by_lf", _bad_chunks(b"5\nhello\r\n0\r\n\r\n"), _BAD,
            "9112 7.1"),
    Refused("chunk_ended_by_lf", _bad_chunks(b"5\r\nhello\n0\r\n\r\n"), _BAD,
            "9112 7.1"),
    Refused("last_chunk_ended_by_lf", _bad_chunks(b"5\r\nhello\r\n0\n\r\n"), _BAD,
            "9112 7.1"),
    Refused("trailers_ended_by_lf", _bad_chunks(b"5\r\nhello\r\n0\r\n\n"), _BAD,
            "9112 7.1.2"),
    Refused("chunk_without_its_end", _bad_chunks(b"5\r\nhello0\r\n\r\n"), _BAD,
            "9112 7.1"),
    Refused("chunk_longer_than_said", _bad_chunks(b"4\r\nhello\r\n0\r\n\r\n"),
            _BAD, "9112 7.1"),
    Refused("chunk_size_empty", _bad_chunks(b"\r\nhello\r\n0\r\n\r\n"), _BAD,
            "9112 7.1"),
    Refused("chunk_size_with_a_plus", _bad_chunks(b"+5\r\nhello\r\n0\r\n\r\n"),
            _BAD, "9112 7.1"),
    Refused("chunk_size_with_a_minus", _bad_chunks(b"-5\r\nhello\r\n0\r\n\r\n"),
            _BAD, "9112 7.1"),
    Refused("chunk_size_with_0x", _bad_chunks(b"0x5\r\nhello\r\n0\r\n\r\n"), _BAD,
            "9112 7.1"),
    Refused("chunk_size_behind_a_space",
            _bad_chunks(b" 5\r\nhello\r\n0\r\n\r\n"), _BAD, "9112 7.1"),
    Refused("chunk_size_with_a_letter", _bad_chunks(b"5g\r\nhello\r\n0\r\n\r\n"),
            _BAD, "9112 7.1"),
    Refused("chunk_size_of_65_bits",
            _bad_chunks(b"10000000000000005\r\nhello\r\n0\r\n\r\n"), (400, 413),
            "9112 7.1"),
    Refused("chunk_size_of_64_bits",
            _bad_chunks(b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), (400, 408, 413),
            "9112 7.1"),
    Refused("chunk_size_over_the_limit",
            _bad_chunks(b"7fffffffffffffff\r\nhello\r\n0\r\n\r\n"), (400, 408, 413),
            "9110 15.5.14"),
    Refused("chunk_extension_with_cr",
            _bad_chunks(b"5;a\rb\r\nhello\r\n0\r\n\r\n"), _BAD, "9112 7.1.1"),
    Refused("chunk_extension_with_lf",
            _bad_chunks(b"5;a\nb\r\nhello\r\n0\r\n\r\n"), _BAD, "9112 7.1.1"),
    Refused("chunk_extension_endless",
            _bad_chunks(b"5;a=" + b"b" * HUGE + b"\r\nhello\r\n0\r\n\r\n"),
            (400, 413, 431), "9112 7.1.1"),
    Refused("trailer_without_a_colon",
            _bad_chunks(b"5\r\nhello\r\n0\r\nX\r\n\r\n"), _BAD, "9112 7.1.2"),
    Refused("trailer_that_says_a_length",
            _bad_chunks(b"5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n"), _BAD,
            "9110 6.5.1"),
    Refused("trailer_folded",
            _bad_chunks(b"5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n"), _BAD,
            "9112 5.2"),
    Refused("trailers_too_large",
            _bad_chunks(b"5\r\nhello\r\n0\r\n"
                     + b"X: y\r\n" * (HUGE // 6) + b"\r\n"), (400, 431),
            "6585 5"),

    # -- too much -------------------------------------------------------------
    Refused("target_too_long", _get(target="/" + "a" * HUGE), (414,),
            "9110 15.5.15"),
    Refused("method_too_long", _get(verb="A" * HUGE), (400, 414, 431, 501),
            "9112 3"),
    Refused("field_too_long", _get("X: " + "a" * HUGE), (431,), "6585 5"),
    Refused("name_too_long", _get("X" * HUGE + ": a"), (431,), "6585 5"),
    Refused("too_many_fields", _get(*["X: y"] * (HUGE // 6)), (431,),
            "6585 5"),
    Refused("line_without_an_end", b"G" * HUGE, (400, 414, 431, 501),
            "9112 3"),

    # -- not HTTP -------------------------------------------------------------
    Refused("tls_client_hello",
            bytes.fromhex("16030100c8010000c403032bb5e1b8fa7c1c0f") + b"\0" * 40
            + b"\r\n\r\n", _BAD, "9112 3"),
    Refused("ssh_banner", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", _BAD, "9112 3"),
    Refused("resp_command", b"*1\r\n$4\r\nPING\r\n\r\n", _BAD, "9112 3"),
    Refused("an_answer", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", _BAD,
            "9112 2.1"),
    Refused("bytes_above_127", b"\xff\xfe\xfd\xfc\r\n\r\n", _BAD, "9112 3"),

    # -- what nobody here knows -----------------------------------------------
    Refused("expectation_unknown",
            _head("Expect: 200-ok", "Content-Length: 5") + b"hello", (417,),
            "9110 10.1.1"),
]

_HELLO = None  # whatever GET of HELLO answers

TAKEN = [
    Taken("minor_version_above_ours", _get(version="HTTP/1.2"), _HELLO,
          "9110 2.5"),
    Taken("plain_get", _get(), _HELLO, "9112 3"),
    Taken("empty_line_before", b"\r\n" + _get(), _HELLO, "9112 2.2"),
    Taken("two_empty_lines_before", b"\r\n\r\n" + _get(), _HELLO, "9112 2.2"),
    Taken("no_space_after_the_colon", _get("X:a"), _HELLO, "9112 5.1"),
    Taken("spaces_and_tabs_around_a_value", _get("X: \t a \t "), _HELLO,
          "9112 5.1"),
    Taken("value_empty", _get("X:"), _HELLO, "9110 5.5"),
    Taken("value_with_high_bytes", _get("X: gr\xfc\xdf"), _HELLO, "9110 5.5"),
    Taken("value_with_a_tab", _get("X: a\tb"), _HELLO, "9110 5.5"),
    Taken("name_of_all_characters", _get("!#$%&'*+-.^_`|~09azAZ: a"), _HELLO,
          "9110 5.6.2"),
    Taken("names_in_any_case",
          _head("cOnTeNt-LeNgTh: 5") + b"hello", b"hello", "9110 5.1"),
    Taken("host_with_a_port", _get(host="Host: a:8080"), _HELLO, "9110 7.2"),
    Taken("host_of_ipv6", _get(host="Host: [::1]:80"), _HELLO, "9110 7.2"),
    Taken("host_empty", _get(host="Host:"), _HELLO, "9112 3.2"),
    Taken("absolute_target", _get(target="http://a/hello"), _HELLO,
          "9112 3.2.2"),
    Taken("absolute_target_of_another_host", _get(target="http://b/hello"),
          _HELLO, "9112 3.2.2"),
    Taken("query", _get(target="/hello?a=b&c"), _HELLO, "9112 3.2.1"),
    Taken("query_with_a_question_mark", _get(target="/hello?a?b/c"), _HELLO,
          "3986 3.4"),
    Taken("query_empty", _get(target="/hello?"), _HELLO, "3986 3.4"),
    Taken("get_with_a_body", _get("Content-Length: 5") + b"hello", _HELLO,
          "9110 9.3.1"),
    Taken("get_with_a_body_in_chunks", _get(_CODED) + _CHUNKS, _HELLO,
          "9110 9.3.1"),
    Taken("length_zero", _sized(" 0", b""), b"", "9110 8.6"),
    Taken("length_with_zeros", _sized(" 0005"), b"hello", "9110 8.6"),
    Taken("length_in_spaces", _sized("  5 "), b"hello", "9112 5.1"),
    Taken("coding_in_any_case", _coded(" chUNKed"), b"hello", "9112 7"),
    Taken("coding_behind_a_tab", _coded("\tchunked"), b"hello", "9112 5.1"),
    Taken("coding_behind_two_spaces", _coded("  chunked"), b"hello",
          "9112 5.1"),
    Taken("coding_before_a_space", _coded(" chunked "), b"hello", "9112 5.1"),
    Taken("chunks_none", _chunked(b"0\r\n\r\n"), b"", "9112 7.1"),
    Taken("chunks_of_one_byte",
          _chunked(b"".join(b"1\r\n%c\r\n" % c for c in b"hello")
                   + b"0\r\n\r\n"), b"hello", "9112 7.1"),
    Taken("chunk_size_with_zeros", _chunked(b"00005\r\nhello\r\n000\r\n\r\n"),
          b"hello", "9112 7.1"),
    Taken("chunk_size_in_upper_case",
          _chunked(b"A\r\nhellohello\r\n0\r\n\r\n"), b"hellohello",
          "9112 7.1"),
    Taken("chunk_extension", _chunked(b"5;a=b;c\r\nhello\r\n0\r\n\r\n"),
          b"hello", "9112 7.1.1"),
    Taken("chunk_extension_quoted",
          _chunked(b'5;a="b c"\r\nhello\r\n0;d\r\n\r\n'), b"hello",
          "9112 7.1.1"),
    Taken("chunk_holds_line_ends", _chunked(b"5\r\n\r\n\r\n0\r\n0\r\n\r\n"),
          b"\r\n\r\n0", "9112 7.1"),
    Taken("trailers", _chunked(b"5\r\nhello\r\n0\r\nX: a\r\nY: b\r\n\r\n"),
          b"hello", "9112 7.1.2"),
    Taken("expectation_without_a_body", _get("Expect: 100-continue"), _HELLO,
          "9110 10.1.1"),
    Taken("upgrade_unknown", _get("Upgrade: h2c", "Connection: Upgrade"),
          _HELLO, "9110 7.8"),
]
