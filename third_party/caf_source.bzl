"""CAF's sources, for the one configuration that must compile them."""

def _caf_source_impl(context):
    context.report_progress("fetching the source of Debian's CAF")
    script = context.path(context.attr._fetch)
    done = context.execute([script, context.path(".")], timeout = 300)
    if done.return_code != 0:
        fail("cannot get CAF's source, which --config=tsan compiles:\n" +
             done.stderr)
    context.symlink(context.attr.build_file, "BUILD")

caf_source_repository = repository_rule(
    implementation = _caf_source_impl,
    doc = """The C++ files of the CAF that Debian's libcaf-dev was built from.

Fetched only when a target of it is built: docs/adr/0002.""",
    attrs = {
        "build_file": attr.label(allow_single_file = True, mandatory = True),
        "_fetch": attr.label(default = "//tools:fetch_caf_source"),
    },
)
