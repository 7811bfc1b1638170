// Reads stdin and runs commands from a table (main loop's thread).
#include "commands.h"

#include <glib-unix.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <vector>

#include "events.h"

namespace {

using Arguments = std::vector<std::string>;

struct Command {
  const char* name;
  size_t arguments;  // How many it takes.
  void (*run)(Camera* camera, const Arguments& arguments);
};

const Command kCommands[] = {
    {"stats", 0,
     [](Camera* camera, const Arguments&) {
       PrintStats(camera->sessions->counts(), camera->feeder->frames());
     }},
    {"quit", 0, [](Camera* camera, const Arguments&) { g_main_loop_quit(camera->loop); }},
};

constexpr size_t kMaxLine = 4096;

struct Input {
  Camera* camera;
  std::string rest;  // A line that has not ended yet.
};

gboolean OnInput(gint fd, GIOCondition, gpointer data) {
  auto* input = static_cast<Input*>(data);
  char chunk[1024];
  const ssize_t got = read(fd, chunk, sizeof chunk);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return G_SOURCE_CONTINUE;
  if (got <= 0) {
    g_main_loop_quit(input->camera->loop);
    return G_SOURCE_REMOVE;
  }
  input->rest.append(chunk, static_cast<size_t>(got));
  size_t end;
  while ((end = input->rest.find('\n')) != std::string::npos) {
    RunCommand(input->camera, input->rest.substr(0, end));
    input->rest.erase(0, end + 1);
  }
  if (input->rest.size() > kMaxLine) {
    PrintError("A command line of over 4096 bytes was dropped.");
    input->rest.clear();
  }
  return G_SOURCE_CONTINUE;
}

}  // namespace

void RunCommand(Camera* camera, const std::string& line) {
  std::istringstream words(line);
  std::string name;
  if (!(words >> name)) return;
  Arguments arguments;
  for (std::string word; words >> word;) arguments.push_back(word);
  for (const Command& command : kCommands) {
    if (name != command.name) continue;
    if (arguments.size() != command.arguments) {
      PrintError(name + " takes " + std::to_string(command.arguments) + " arguments, not " +
                 std::to_string(arguments.size()) + ".");
      return;
    }
    command.run(camera, arguments);
    return;
  }
  std::string known;
  for (const Command& command : kCommands) {
    known += known.empty() ? command.name : std::string(", ") + command.name;
  }
  PrintError(name + " is not a command; expected one of: " + known + ".");
}

void WatchStdin(Camera* camera) {
  g_unix_fd_add_full(G_PRIORITY_DEFAULT, STDIN_FILENO,
                     static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR), OnInput,
                     new Input{camera, ""},
                     [](gpointer data) { delete static_cast<Input*>(data); });
}
