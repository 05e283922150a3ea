// Turns files into C++: `embed OUT FILE...` writes a source file that defines
// what actors/observe/page_files.h declares. Runs while Sluice is built, so
// that a node's page is in its program, and not beside it.

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace {

constexpr std::size_t bytes_per_line = 16;

int fail(const std::string& what) {
  std::fprintf(stderr, "embed: %s\n", what.c_str());
  return 1;
}

void write_array(std::ostream& out, int index, const std::string& bytes) {
  out << "constexpr unsigned char file_" << index << "[] = {";
  for (std::size_t i = 0; i < bytes.size(); ++i)
    out << (i % bytes_per_line == 0 ? "\n" : "")
        << static_cast<unsigned>(static_cast<unsigned char>(bytes[i])) << ',';
  out << "0};\n";
}

std::string name_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3)
    return fail("usage: embed OUT FILE...");
  std::ofstream out{argv[1]};
  out << "#include \"actors/observe/page_files.h\"\n\nnamespace {\n\n";
  std::string table;
  for (int i = 2; i < argc; ++i) {
    std::ifstream in{argv[i], std::ios::binary};
    if (!in)
      return fail(std::string{"cannot read "} + argv[i]);
    std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    write_array(out, i, bytes);
    table += "    {\"" + name_of(argv[i])
             + "\", {reinterpret_cast<const char*>(file_" + std::to_string(i)
             + "), " + std::to_string(bytes.size()) + "}},\n";
  }
  out << "\nconst sluice::actors::observe::page_file files[] = {\n"
      << table
      << "};\n\n} // namespace\n\nnamespace sluice::actors::observe {\n\n"
         "std::span<const page_file> page_files() noexcept {\n"
         "  return files;\n}\n\n} // namespace sluice::actors::observe\n";
  out.close();
  return out ? 0 : fail(std::string{"cannot write "} + argv[1]);
}
