"""Python tests without Bazel's py_test, which wants a `python` on the path."""

def python_test(name, src, data = [], **kwargs):
    """A test made of the unittest cases in one file.

    It runs in the root of the runfiles, so that `tools/check_includes` in `data`
    is found under this path, and `import tests.support.x` works as well.

    Args:
      name: of the target.
      src: the file.
      data: what the test reads or runs.
      **kwargs: as sh_test has them.
    """
    native.sh_test(
        name = name,
        srcs = ["//tools:run_python_test"],
        args = ["$(rootpath %s)" % src],
        data = data + [src],
        **kwargs
    )
