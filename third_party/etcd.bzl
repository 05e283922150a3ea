"""etcd's server, for the tests of clusters that rely on it."""

def _etcd_impl(context):
    context.report_progress("fetching Debian's etcd")
    script = context.path(context.attr._fetch)
    done = context.execute([script, context.path(".")], timeout = 300)
    if done.return_code != 0:
        fail("cannot get etcd, which tests need:\n" + done.stderr)
    context.file(
        "BUILD",
        "package(default_visibility = [\"//visibility:public\"])\n\n" +
        "exports_files([\"etcd\"])\n",
    )

etcd_repository = repository_rule(
    implementation = _etcd_impl,
    doc = """The program in Debian's package etcd-server, which is not installed,
since it would start a service.

Fetched only when a target needs it.""",
    attrs = {
        "_fetch": attr.label(default = "//tools:fetch_etcd"),
    },
)
