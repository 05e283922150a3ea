"""Fuzzing by libFuzzer, for a bounded time."""

def fuzz_test(name, src, sources, seeds, libraries = [], seconds = 20, **kwargs):
    """A test that runs a fuzz target with AddressSanitizer and UBSan.

    libFuzzer belongs to Clang, and everything else here is compiled by GCC: so
    the target and what it needs of the library are compiled once more. Longer
    by hand, with a folder that keeps what was found:

        bazel build //tests/fuzz:{name}
        bazel-bin/tests/fuzz/{name}_fuzzer FOLDER

    Args:
      name: of the test; what it runs is {name}_fuzzer.
      src: the fuzz target.
      sources: filegroups of the library's sources and headers that it needs.
      seeds: a program that writes well-formed inputs into a folder.
      libraries: names of those of the system that it is linked with.
      seconds: how long.
      **kwargs: as sh_test has them.
    """
    fuzzer = name + "_fuzzer"
    native.genrule(
        name = fuzzer + "_binary",
        srcs = [src] + sources,
        outs = [fuzzer],
        cmd = """
            sources=
            for file in $(SRCS); do
              case $$file in *.cc) sources="$$sources $$file" ;; esac
            done
            clang++ -std=c++20 -O1 -g -I. \\
              -fsanitize=fuzzer,address,undefined \\
              -fno-sanitize-recover=all -fno-sanitize=null \\
              $$sources -lcaf_core %s -o $@
        """ % " ".join(["-l" + name for name in libraries]),
        message = "Compiling the fuzz target " + src,
        tags = ["no_sanitizer"],
    )
    native.sh_test(
        name = name,
        size = "medium",
        srcs = ["//tests/fuzz:run_fuzzer"],
        args = [
            "$(rootpath %s)" % fuzzer,
            "$(rootpath %s)" % seeds,
            str(seconds),
        ],
        data = [
            fuzzer,
            seeds,
        ],
        # It brings its own sanitizers.
        tags = ["no_sanitizer"],
        **kwargs
    )
