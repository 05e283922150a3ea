"""Repositories made of libraries that the system's package manager installed."""

def _system_repository_impl(context):
    for link, target in context.attr.links.items():
        if not context.path(target).exists:
            fail("%s is missing: install Debian's package %s (./test does)" %
                 (target, context.attr.package))
        context.symlink(target, link)
    context.symlink(context.attr.build_file, "BUILD")

system_repository = repository_rule(
    implementation = _system_repository_impl,
    doc = """Links a library's headers, and nothing else of /usr, into a repository.

A new_local_repository on /usr would be shorter, but its include directory is
/usr/include under another name: GCC then takes it out of its place in the
search order, and `#include_next <stdlib.h>` of libstdc++ fails.""",
    attrs = {
        "build_file": attr.label(allow_single_file = True, mandatory = True),
        "links": attr.string_dict(
            mandatory = True,
            doc = "path in the repository -> path on the system",
        ),
        "package": attr.string(mandatory = True),
    },
)
