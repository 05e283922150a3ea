"""Servers that tests need, from Debian packages that start a service."""

def _debian_program_impl(context):
    package = context.attr.package
    context.report_progress("fetching Debian's " + package)
    script = context.path(context.attr._fetch)
    done = context.execute(
        [script, package, context.path(".")] + context.attr.files,
        timeout = 300,
    )
    if done.return_code != 0:
        fail("cannot get Debian's %s, which tests need:\n%s" %
             (package, done.stderr))
    names = [file.split("/")[-1] for file in context.attr.files]
    context.file(
        "BUILD",
        "package(default_visibility = [\"//visibility:public\"])\n\n" +
        "exports_files(%s)\n" % repr(names),
    )

debian_program_repository = repository_rule(
    implementation = _debian_program_impl,
    doc = """Programs of a Debian package that is not installed, since it would
start a service. Each is a target of its last name, as in @etcd//:etcd.

Fetched only when a target needs it.""",
    attrs = {
        "files": attr.string_list(
            mandatory = True,
            doc = "paths in the package",
        ),
        "package": attr.string(mandatory = True),
        "_fetch": attr.label(default = "//tools:fetch_debian_program"),
    },
)
