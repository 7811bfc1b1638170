// Reads stdin and runs commands from a table (main loop's thread).
#include "commands.h"

#include <glib-unix.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <vector>

#include "events.h"
#include "server.h"

namespace {

using Arguments = std::vector<std::string>;

struct Command {
  const char* name;
  size_t least, most;  // How many arguments it takes.
  void (*run)(Camera* camera, const std::string& name, const Arguments& arguments);
};

void Report(const std::string& name, const std::string& problem) {
  problem.empty() ? PrintDone(name) : PrintError(problem);
}

// The drawn picture's size and rate, from the next frame on.
void Redraw(Camera* camera, const std::string& name, const Arguments& arguments) {
  if (camera->drawn == nullptr) return PrintError(name + ": the camera does not draw its picture.");
  Options changed = *camera->options;
  std::string problem;
  const bool good = name == "size" ? ChangeOption("width", arguments[0], &changed, &problem) &&
                                         ChangeOption("height", arguments.back(), &changed, &problem)
                                   : ChangeOption("fps", arguments[0], &changed, &problem);
  if (!good) return PrintError(problem);
  *camera->options = changed;
  camera->feeder->Change(
      [&] { camera->drawn->Change(changed.width, changed.height, changed.fps_num, changed.fps_den); });
  PrintDone(name);
}

const Command kCommands[] = {
    {"stats", 0, 0,
     [](Camera* camera, const std::string&, const Arguments&) {
       PrintStats(camera->sessions->counts(), camera->feeder->frames());
     }},
    {"fault", 1, 4,
     [](Camera* camera, const std::string& name, const Arguments& arguments) {
       Report(name, camera->faults->Set(arguments));
     }},
    {"clear", 0, 0,
     [](Camera* camera, const std::string& name, const Arguments&) {
       camera->faults->Clear();
       PrintDone(name);
     }},
    {"size", 2, 2, Redraw},
    {"fps", 1, 1, Redraw},
    // Like a camera whose settings change: its clients are disconnected and then find another stream.
    {"codec", 1, 1,
     [](Camera* camera, const std::string& name, const Arguments& arguments) {
       std::string problem;
       if (camera->drawn == nullptr) return PrintError("codec: the camera does not draw its picture.");
       if (!ChangeOption("codec", arguments[0], camera->options, &problem)) return PrintError(problem);
       Relaunch(camera->factory, *camera->media);
       camera->faults->Set({"fin"});
       PrintDone(name);
     }},
    {"password", 1, 1,
     [](Camera* camera, const std::string& name, const Arguments& arguments) {
       if (camera->options->user.empty()) return PrintError("password: expected --user on the command line.");
       camera->options->password = arguments[0];
       SetCredentials(camera->server, *camera->options);
       PrintDone(name);
     }},
    {"quit", 0, 0, [](Camera* camera, const std::string&, const Arguments&) { g_main_loop_quit(camera->loop); }},
};

constexpr size_t kMaxLine = 4096;

struct Input {
  Camera* camera;
  std::string rest;  // The start of an incomplete line.
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
    PrintError("A command longer than 4096 bytes was dropped.");
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
    if (arguments.size() < command.least || arguments.size() > command.most) {
      const std::string most = command.most > command.least ? " to " + std::to_string(command.most) : "";
      PrintError(name + " takes " + std::to_string(command.least) + most + " arguments, not " +
                 std::to_string(arguments.size()) + ".");
      return;
    }
    command.run(camera, name, arguments);
    return;
  }
  std::string known;
  for (const Command& command : kCommands) {
    known += known.empty() ? command.name : std::string(", ") + command.name;
  }
  PrintError(name + " is not a command; expected one of: " + known + ".");
}

void WatchStdin(Camera* camera) {
  g_unix_fd_add_full(G_PRIORITY_DEFAULT, STDIN_FILENO, static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR),
                     OnInput, new Input{camera, ""}, [](gpointer data) { delete static_cast<Input*>(data); });
}
