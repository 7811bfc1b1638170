// The test camera as a process that takes commands on its stdin. Start it before any threads.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "check.h"

extern char** environ;

class TestCamera {
 public:
  // A small, cheap picture. If the camera does not start, url() is empty.
  explicit TestCamera(const std::string& codec, const std::string& more = "") {
    std::istringstream options("--port 0 --codec " + codec + " --width 320 --height 176 --fps 10 --gop 5 " + more);
    std::vector<std::string> words = {FRAMEGATE_TEST_CAMERA};
    for (std::string word; options >> word;) words.push_back(word);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(&word[0]);
    arguments.push_back(nullptr);
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    if (posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, arguments.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(to[0]);
    close(from[1]);
    stdin_ = to[1];
    stdout_ = from[0];
    const std::string ready = LineWith("\"ready\"");
    const size_t at = ready.find("rtsp://");
    if (at != std::string::npos) url_ = ready.substr(at, ready.find('"', at) - at);
    CHECK(!url_.empty());
  }
  // The camera exits when its stdin closes.
  ~TestCamera() {
    close(stdin_);
    for (int i = 0; i < 500 && pid_ > 0; ++i) {
      if (waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK(pid_ < 0);
    if (pid_ > 0) kill(pid_, SIGKILL);
    close(stdout_);
  }
  TestCamera(const TestCamera&) = delete;
  TestCamera& operator=(const TestCamera&) = delete;

  const std::string& url() const { return url_; }

  // A command of docs/test-camera.md. Returns when it has taken effect.
  void Command(const std::string& command) {
    const std::string line = command + "\n";
    CHECK(write(stdin_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    CHECK(!LineWith("\"done\"").empty());
  }

 private:
  // The next line that contains `part`; empty after 60 s without data: the first program with GStreamer on a machine
  // looks through all plugins.
  std::string LineWith(const std::string& part) {
    while (true) {
      const size_t end = read_.find('\n');
      if (end != std::string::npos) {
        const std::string line = read_.substr(0, end);
        read_.erase(0, end + 1);
        if (line.find(part) != std::string::npos) return line;
        continue;
      }
      pollfd wait = {stdout_, POLLIN, 0};
      char bytes[4096];
      ssize_t count = 0;
      if (poll(&wait, 1, 60000) == 1) count = read(stdout_, bytes, sizeof bytes);
      if (count <= 0) return "";
      read_.append(bytes, static_cast<size_t>(count));
    }
  }

  pid_t pid_ = -1;
  int stdin_ = -1, stdout_ = -1;
  std::string read_, url_;
};
